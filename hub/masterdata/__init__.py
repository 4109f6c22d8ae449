"""Items and parties: what every system calls them, and which records mean the same thing."""
