"""Recalls: what is affected, where it is now, who must be told, who answered, and the proof of it all."""
