"""Where goods came from and where they went: lots, serials, cartons, shipments, places."""
