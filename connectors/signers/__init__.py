"""Signers, one file for each scheme (`connectors/signing.py` is the page for authors)."""
