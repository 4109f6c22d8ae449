"""What Alembic runs: it uses the connection and the transaction that `hub.store.migrations` gives it."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from hub.store.tables import Big, metadata
from hub.store.types import Exact


def _own_types(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """How a migration spells the column types that are ours."""
    if kind == "type" and isinstance(item, Exact):
        autogen.imports.add("from hub.store.types import Exact")
        return "Exact()"
    if kind == "type" and repr(item) == repr(Big):
        autogen.imports.add("from hub.store.tables import Big")
        return "Big"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    compare_server_default=True,
    render_item=_own_types,
)
context.run_migrations()
