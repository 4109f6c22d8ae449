"""Formats: one package for each syntax, named as agreements name it; it offers `FORMAT` (`connectors/spec.py`)."""
