"""Visibility events (EPCIS 2.0): what terms and identifiers mean, and the hash of an event. The models are in `canonical/event.py`."""
