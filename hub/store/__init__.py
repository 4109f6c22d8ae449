"""The store: what came, what it said, what follows from it and what was done, on SQLite or PostgreSQL."""
