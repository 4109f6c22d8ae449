"""Compressed data (RFC 3274): zlib, and nothing larger than what the hub takes, whatever the sender put in."""

from __future__ import annotations

import zlib

from asn1crypto import cms, core

from connectors.transports.as2.faults import DECOMPRESSION, FaultError

MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError)
"""What reading ASN.1 from a stranger can end in."""


def compress(content: bytes) -> bytes:
    """A CMS CompressedData."""
    return bytes(
        cms.ContentInfo(
            {
                "content_type": "compressed_data",
                "content": cms.CompressedData(
                    {
                        "version": "v0",
                        "compression_algorithm": cms.CompressionAlgorithm({"algorithm": "zlib"}),
                        "encap_content_info": cms.EncapsulatedContentInfo(
                            {"content_type": "data", "content": core.ParsableOctetString(zlib.compress(content))}
                        ),
                    }
                ),
            }
        ).dump()
    )


def decompress(data: bytes, limit: int) -> bytes:
    """What a CompressedData holds. Raises FaultError when it is none, damaged, or larger than `limit` bytes."""
    try:
        info = cms.ContentInfo.load(data)
        if info["content_type"].native != "compressed_data":
            raise FaultError(DECOMPRESSION, f"a CMS object of type {info['content_type'].native}", "compressed_data")
        if info["content"]["compression_algorithm"]["algorithm"].native != "zlib":
            raise FaultError(DECOMPRESSION, "another compression", "zlib")
        packed = bytes(info["content"]["encap_content_info"]["content"].native)
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(packed, limit + 1)
    except (*MALFORMED, zlib.error) as error:
        raise FaultError(DECOMPRESSION, "the compressed data cannot be read") from error
    if len(content) > limit:
        raise FaultError(DECOMPRESSION, f"more than {limit} bytes once decompressed", str(limit))
    if not unpacking.eof:
        raise FaultError(DECOMPRESSION, "the compressed data ends before its end")
    return content
