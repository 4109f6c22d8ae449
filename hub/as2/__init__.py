"""The dialogue of AS2: who a message is from, what it is answered, what is kept of it (docs/as2.md)."""
