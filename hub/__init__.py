"""The hub: the work between formats and views. Start reading at pipeline.py."""
