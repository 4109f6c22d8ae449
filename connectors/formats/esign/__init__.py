"""Electronic signatures: what a signature service is asked to have signed, and what it says of it, as JSON.

A service signs for people: a document of ours goes to it as the contents of an envelope (a signing task), and the service tells later that
it was signed, or was not. That is an answer to the document and no record of its own (docs/decisions/0021): signed accepts it, declined or
voided refuses it. The syntax is JSON by grammars of its own (`grammars/esign/`), so that no feed is ever taken for an answer.
"""

from __future__ import annotations

from connectors.feed_reading import OPTIONS
from connectors.formats.esign.answering import ANSWERING
from connectors.formats.json import Json
from connectors.spec import Traits

__all__ = ["ANSWERING", "FORMAT", "ESign"]


class ESign(Json):
    """The format `esign`."""

    name = "esign"
    traits = Traits("application/json", "json", options=OPTIONS)
    sniff_general = True

    def sniff(self, head: bytes) -> bool:
        """Never: it is JSON, and an agreement says that it is more."""
        return False


FORMAT = ESign()
