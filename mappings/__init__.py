"""Mappings: how each partner's messages become canonical records and back. README.md tells how to read one."""
