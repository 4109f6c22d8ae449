"""Writes source records as a delimited file: the mirror of the reader.

For people who open the file in a spreadsheet, `profile.options["for_spreadsheet"]` puts an apostrophe before values that
a spreadsheet would run as a formula (OWASP CSV injection); for machines values stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator

from connectors.feed import FeedGrammar
from data_contracts.source import SourceRecord

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")
_UNCARRIED = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\ud800-\udfff]")


def write_document(messages: Iterable[tuple[str, SourceRecord]], grammar: FeedGrammar, charset: str, for_spreadsheet: bool) -> bytes:
    """Header and rows, CRLF after each (RFC 4180). Raises ValueError for a column that the feed does not have, for control
    characters, and for characters that the charset does not have."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=grammar.separator, quotechar=grammar.quote, lineterminator="\r\n")
    writer.writerow([field.write or name for name, field in grammar.fields.items()])
    for kind, root in messages:
        if kind != grammar.message:
            raise ValueError(f"the feed {grammar.name} carries {grammar.message}, not {kind}")
        for values in _rows(root, grammar):
            unknown = [name for name in values if name not in grammar.fields]
            if unknown:
                raise ValueError(f"{root.tag}: the feed has no {', '.join(unknown)}")
            row = [_carried(name, values.get(name, ""), for_spreadsheet) for name in grammar.fields]
            if not any(row):
                raise ValueError(f"{root.tag}: a row without any value cannot be told from a blank line")
            writer.writerow(row)
    try:
        content = text.getvalue().encode(charset)
    except UnicodeEncodeError as error:
        raise ValueError(f"{charset} has no {error.object[error.start]!r}") from error
    return b"\xef\xbb\xbf" + content if grammar.bom and charset == "utf-8" else content


def _rows(root: SourceRecord, grammar: FeedGrammar) -> Iterator[dict[str, str]]:
    top = dict(root.values)  # type: ignore[arg-type]  # a mapping in named syntaxes
    if grammar.group is None:
        if root.children:
            raise ValueError(f"{root.tag}: a row has no records below it")
        yield top
        return
    if not root.children:
        if grammar.asks_rows():
            raise ValueError(f"{root.tag}: a message without rows cannot be written")
        yield top  # one row with what stands above
    for child in root.children:
        if child.tag != grammar.group.rows or child.children:
            raise ValueError(f"{root.tag}: rows are called {grammar.group.rows} and have nothing below them, not {child.tag}")
        yield top | dict(child.values)  # type: ignore[arg-type]  # a mapping in named syntaxes


def _carried(name: str, value: str, for_spreadsheet: bool) -> str:
    wrong = _UNCARRIED.search(value)
    if wrong is not None:
        raise ValueError(f"{name}: the character U+{ord(wrong[0]):04X} cannot be written")
    # A negative number is no formula; with an apostrophe it would become text.
    if for_spreadsheet and value.startswith(_FORMULA) and not _PLAIN_NUMBER.fullmatch(value):
        return "'" + value
    return value
