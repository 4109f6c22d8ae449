"""UBL 2.1: orders, despatch advices, invoices and catalogues as Peppol and many public buyers exchange them.

A document is one message, alone or in a StandardBusinessDocument (the Peppol envelope), whose header then says sender, receiver and
instance. Without one the EndpointIDs of the two parties do: `0088:9506000000015` is scheme and value. Any DOCTYPE is refused.
Options of a profile: `sbdh` (writing: put the document into an envelope).
"""

from __future__ import annotations

from connectors.formats.ubl.answering import ANSWERING
from connectors.formats.ubl.documents import FORMAT, Ubl

__all__ = ["ANSWERING", "FORMAT", "Ubl"]
