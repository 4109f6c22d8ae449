"""Connectors: how bytes come and go, and how they become source records. `README.md` beside this file is for authors."""
