"""Floor 3: the hub over HTTP, for partners, systems and people."""
