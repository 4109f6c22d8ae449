"""Identifiers: one file per thing that a standard names, and `udi.py` as the front door for any text.

All read strictly, return values with findings instead of raising, and touch neither clock nor store.
"""
