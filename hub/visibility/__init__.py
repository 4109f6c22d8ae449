"""Visibility events (EPCIS): how they come in, are asked for, are sent to subscribers, and are derived from business documents."""
