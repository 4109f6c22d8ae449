"""Transports: each file moves bytes one way and knows no business. What they offer stands in `connectors/spec.py`."""
