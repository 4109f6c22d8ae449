"""cXML 1.2: orders, confirmations, ship notices and invoices as procurement networks (SAP Business Network and others) exchange them.

A document is one message, named by the element in its Request, Message or Response. From and To are sender and receiver, each as
`domain:identity`; the payloadID is the number by which a document is known and found again when it comes twice; deploymentMode="test"
makes it a test. The DOCTYPE names the DTD, which is never fetched; one that declares anything is refused.
Options of a profile: `language` (of texts written, default en), `host` (right part of the payloadIDs that we make), `shared_secret_env` or
`shared_secret_file` (where the secret is found by which a network knows us as Sender; it is named, never written into a site's file).
"""

from __future__ import annotations

from connectors.formats.cxml.answering import ANSWERING
from connectors.formats.cxml.documents import FORMAT, Cxml

__all__ = ["ANSWERING", "FORMAT", "Cxml"]
