"""One file a noun of `/v1`."""
