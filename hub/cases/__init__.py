"""Cases: one work list of what a person must decide, and what can be done about each (docs/cases.md)."""
