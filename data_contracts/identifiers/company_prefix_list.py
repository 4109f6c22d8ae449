"""Writes `company_prefixes.txt`, where the length of GS1 Company Prefixes changes, from a list of prefixes and lengths.

For maintainers: GS1 lends prefixes every day. The list is the one that the library biip (Apache-2.0) brings, or GS1's own
file `gcpprefixformatlist.json` where a site has it:

    python -m data_contracts.identifiers.company_prefix_list [gcpprefixformatlist.json] > company_prefixes.txt
"""

from __future__ import annotations

import json
import lzma
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from data_contracts.identifiers.company_prefix import LONGEST

_HEAD = """\
# Where the length of GS1 Company Prefixes changes; written by company_prefix_list.py from {source}.
# A line: the first three digits, then for each change the digits behind them and `:` the length from there on; 0 where GS1 names none.
"""


def of_biip() -> Iterator[tuple[str, int]]:
    """Prefix and length as biip has them: a tree of digits whose leaves are lengths."""
    packed = resources.files("biip.gs1_prefixes").joinpath("_company_prefix_trie.json.lzma").read_bytes()
    yield from _leaves(json.loads(lzma.decompress(packed)), "")


def of_gs1(text: str) -> Iterator[tuple[str, int]]:
    """Prefix and length of GS1's own list."""
    for entry in json.loads(text)["GCPPrefixFormatList"]["entry"]:
        yield str(entry["prefix"]), int(entry["gcpLength"])


def changes(prefixes: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Twelve digits from which on a length counts, and the length; 0 for what no prefix covers. Prefixes do not overlap."""
    found: list[tuple[int, int]] = []
    end = 0
    for prefix, length in sorted(prefixes):
        start = int(prefix.ljust(LONGEST, "0"))
        if start > end:
            found.append((end, 0))
        found.append((start, length))
        end = start + int(10 ** (LONGEST - len(prefix)))
    if end < 10**LONGEST:
        found.append((end, 0))
    told = [-1, *(length for _, length in found)]
    return [(f"{start:012}", length) for (start, length), before in zip(found, told, strict=False) if length != before]


def as_text(prefixes: Iterable[tuple[str, int]], source: str) -> str:
    """The whole file. Each line begins anew, so that it can be read without the one before."""
    lines: dict[str, list[str]] = {f"{number:03}": [] for number in range(1000)}
    standing = 0
    by_line: dict[str, list[tuple[str, int]]] = {}
    for start, length in changes(prefixes):
        by_line.setdefault(start[:3], []).append((start[3:].rstrip("0"), length))
    for first, marks in lines.items():
        own = by_line.get(first, [])
        if not own or own[0][0]:
            marks.append(f":{standing}")
        marks += [f"{digits}:{length}" for digits, length in own]
        standing = own[-1][1] if own else standing
    return _HEAD.format(source=source) + "".join(f"{first} {' '.join(marks)}\n" for first, marks in lines.items())


def _leaves(node: dict[str, Any] | int, prefix: str) -> Iterator[tuple[str, int]]:
    if isinstance(node, int):
        yield prefix, node
        return
    for digit, child in node.items():
        yield from _leaves(child, prefix + digit)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.stdout.write(as_text(of_gs1(Path(sys.argv[1]).read_text(encoding="utf-8-sig")), "GS1's list of prefixes and lengths"))
    else:
        sys.stdout.write(as_text(of_biip(), f"what biip {metadata.version('biip')} brings of GS1's list"))
