"""Labels: what is printed on a device, and what answers when it is scanned."""
