"""What several systems say about the same thing, put together."""
