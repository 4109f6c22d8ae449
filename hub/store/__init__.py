"""The store: what came, what it said, what follows from it and what was done, on SQLite or PostgreSQL."""

from hub.store import as2_tables as as2_tables
from hub.store import case_tables as case_tables
from hub.store import destination_tables as destination_tables
from hub.store import event_tables as event_tables
from hub.store import golden_tables as golden_tables
from hub.store import recall_tables as recall_tables
from hub.store import register_tables as register_tables
from hub.store import stop_tables as stop_tables
from hub.store import stream_tables as stream_tables
from hub.store import watermark_tables as watermark_tables
