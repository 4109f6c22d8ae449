"""Rules: what must hold of every canonical record, whoever sent it.

`validate` looks at one entity as a plain dictionary and yields findings; each rule has a public id and a text in the
catalogue (`docs/rules.md`). What a rule blocks stands there too, and an agreement may say otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data_contracts.rules.references import ItemFacts, References
    from data_contracts.rules.validation import validate

__all__ = ["ItemFacts", "References", "validate"]


def __getattr__(name: str) -> Any:
    """Load on first use: findings need the catalogue beside this file, and the rules need findings."""
    if name == "validate":
        from data_contracts.rules.validation import validate

        return validate
    if name in ("References", "ItemFacts"):
        from data_contracts.rules import references

        return getattr(references, name)
    raise AttributeError(name)
