"""EDI over AS2 (RFC 4130): documents signed and encrypted by HTTP, each with a signed receipt.

`station.py` is what two sides agreed on; `message.py` builds what is sent, `opening.py` opens what came, `mdn.py` is receipts, and
`signed.py`, `enveloped.py`, `compressed.py`, `mime.py` are the layers.
"""
