"""Reads a release of the GS1 Barcode Syntax Dictionary into our own table of application identifiers.

For maintainers: GS1 adds identifiers every year. The dictionary is an Apache-2.0 text file; this takes its facts (length,
characters, checks, pairs) and writes `application_identifiers.yaml` in our words:

    python -m data_contracts.identifiers.syntax_dictionary gs1-syntax-dictionary.txt > application_identifiers.yaml
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_CHECKS = {
    "csum": "check_digit", "csumalpha": "check_pair", "gcppos1": "prefix_first", "gcppos2": "prefix_second",
    "yymmd0": "date_or_month", "yymmdd": "date", "yyyymmdd": "long_date", "hhmi": "time", "hh": "hour", "mi": "minute", "ss": "second",
    "iso4217": "currency", "iso3166": "country", "iso3166999": "country_or_many", "iso3166alpha2": "country_letters",
    "pcenc": "percent_encoding", "latitude": "latitude", "longitude": "longitude", "yesno": "yes_no", "hyphen": "minus",
    "importeridx": "importer_index", "packagetype": "package_type", "mediatype": "media_type", "iso5218": "sex",
    "posinseqslash": "birth_sequence", "nonzero": "not_zero", "zero": "zero", "winding": "winding", "pieceoftotal": "piece_of_total",
    "iban": "iban", "nozeroprefix": "no_leading_zero", "hasnondigit": "has_non_digit", "couponcode": "coupon",
    "couponposoffer": "coupon_offer",
}  # fmt: skip
"""Name of a linter in the dictionary, and our name of the same check (`components.py`)."""

_ROW = re.compile(r"^(?P<ais>\d{2,4}(?:-\d{2,4})?)\s+(?P<rest>[^#]*?)\s*(?:#\s*(?P<title>.*))?$")
_COMPONENT = re.compile(r"^(\[?)([NXYZ])(\.\.)?(\d+)\]?((?:,\w+)*)$")


def rows(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each line of the dictionary as (AI or range, entry in our words). Raises ValueError for a line it does not understand."""
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = _ROW.match(line)
        if match is None:
            raise ValueError(f"not a row of the syntax dictionary: {line}")
        yield match["ais"], _entry(match["rest"].split(), match["title"] or "")


def _entry(words: list[str], title: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"title": title, "separator": True, "attribute": False, "parts": []}
    for word in words:
        component = _COMPONENT.match(word)
        if component is not None:
            optional, kind, variable, length, checks = component.groups()
            part = ("?" if optional else "") + kind.lower() + (".." if variable else "") + length
            entry["parts"].append(" ".join([part, *(_CHECKS[check] for check in checks.split(",") if check)]))
        elif word.startswith("req="):
            entry.setdefault("needs", []).append(word[4:].replace(",", " | "))
        elif word.startswith("ex="):
            entry["excludes"] = word[3:].replace(",", " ")
        elif word.startswith("dlpkey"):
            entry["qualifiers"] = word[7:].replace(",", " ").replace("|", " | ")
        elif not word.strip("*?"):
            entry["separator"] = "*" not in word
            entry["attribute"] = "?" in word
        else:
            raise ValueError(f"not a word of the syntax dictionary: {word}")
    return entry


def as_yaml(text: str) -> str:
    """The whole table as the YAML file that the product ships, one row a line."""
    lines = [_HEAD]
    for ais, entry in rows(text):
        members = [f'title: "{entry["title"]}"', _list("parts", entry["parts"])]
        members += [f"{name}: {'yes' if entry[name] else 'no'}" for name in ("separator", "attribute")]
        if "needs" in entry:
            members.append(_list("needs", entry["needs"]))
        members += [f'{name}: "{entry[name]}"' for name in ("excludes", "qualifiers") if name in entry]
        lines.append(f'"{ais}": {{{", ".join(members)}}}')
    return "\n".join(lines) + "\n"


def _list(name: str, texts: list[str]) -> str:
    quoted = ", ".join(f'"{text}"' for text in texts)
    return f"{name}: [{quoted}]"


_HEAD = """\
# Application identifiers (AI) of GS1: what each value holds and which AIs belong or do not belong together.
# Facts of the GS1 Barcode Syntax Dictionary (GS1 AISBL, Apache-2.0), release 2026-01-27; written by syntax_dictionary.py.
#   parts       what the value is made of, in order: n digits, x GS1 character set 82, y character set 39, z base64url;
#               `n6` exactly six, `x..20` one to twenty, `?` may be absent; then checks of components.py
#   separator   whether FNC1 must follow when something comes behind it
#   attribute   whether it may be a data attribute of a GS1 Digital Link URI
#   needs       each entry must hold: one of the alternatives between `|`, all of it where joined by `+`; n is any digit
#   excludes    AIs that may not stand beside it
#   qualifiers  it is a primary key of a Digital Link URI; the AIs that may qualify it, in order; alternatives between `|`"""


if __name__ == "__main__":
    sys.stdout.write(as_yaml(Path(sys.argv[1]).read_text(encoding="utf-8")))
