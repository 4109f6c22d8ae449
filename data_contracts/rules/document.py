"""Writes `docs/rules.md`, the public list of rules, from the catalogue.

python -m data_contracts.rules.document > docs/rules.md
"""

from __future__ import annotations

import sys
from itertools import groupby

from data_contracts.rules.catalogue import Rule, all_rules

_FAMILIES = {
    "ACK": "Acknowledgements",
    "AGR": "Agreements and who is who",
    "B2M": "B2MML",
    "CSV": "Delimited files",
    "CON": "Data contracts and their changes",
    "CTY": "Countries",
    "DEV": "Devices",
    "EUD": "EUDAMED",
    "EDF": "EDIFACT envelopes, messages, segments and elements",
    "CUR": "Currencies",
    "CXM": "cXML",
    "DOC": "Documents",
    "DTE": "Dates and times",
    "DUP": "Repeated deliveries and control numbers",
    "DLK": "GS1 Digital Links",
    "EPC": "Electronic Product Codes",
    "EVT": "Visibility events (EPCIS)",
    "EXT": "Published extracts of device registers",
    "FACT": "Facts and corrections",
    "FED": "Feeds",
    "FIX": "Fixed-width files",
    "FLW": "Flows: silence and volume",
    "GLN": "Locations (GLN)",
    "GS1": "GS1 identifiers and element strings",
    "ITM": "Items",
    "JSN": "JSON",
    "LOT": "Lots",
    "MAP": "Mappings",
    "MDM": "Master data",
    "ORD": "Order lines that disagree",
    "PRC": "Prices and amounts",
    "PTY": "Parties",
    "QLT": "Promises of data contracts",
    "QTY": "Quantities",
    "REG": "What device registers ask",
    "SEC": "Security",
    "SER": "Serial numbers",
    "SIT": "The site's own files",
    "SSCC": "Logistic units (SSCC)",
    "STK": "Stock that disagrees",
    "TXT": "Text",
    "UBL": "UBL",
    "UDI": "Unique Device Identification",
    "UOM": "Units of measure",
    "XLS": "Workbooks (XLSX)",
    "XML": "XML",
    "X12": "X12 envelopes, sets, segments and elements",
}
"""Titles of families by the letters before the hyphen; a family without one goes by its letters."""

_HEAD = """\
# Rules

Written by `python -m data_contracts.rules.document > docs/rules.md` from the catalogue in `data_contracts/rules/texts/`; edit it there.

A rule's id is public: agreements, tests and partners refer to it. Bad data yields findings and is kept as it came.

- **Severity**: `error` makes what it stands in invalid, `warning` and `info` do not.
- **Action**: what follows unless an agreement says otherwise. `none`: told, and the fact is recorded. `row`: the line is quarantined
  and the rest goes on; in a header, which has no row, the message is held. `message`: the message is held for a steward. `flow`: nothing of
  the document is taken; chosen by an agreement or a contract, nothing more is taken in under that agreement until a person resumes it.
- **Dimension**: the quality dimension that it counts under (ODCS 3.1).
- `{expected}`, `{got}` and the like are filled in from the finding.

Expired goods (LOT-02) are an error without a consequence for the record: hiding the line would hide where they are. An unknown unit
(UOM-01) is a warning: the quantity is right in the unit stated, only comparisons wait.
"""

_COLUMNS = "| Rule | Severity | Action | Dimension | Text | Source |\n| --- | --- | --- | --- | --- | --- |\n"


def markdown() -> str:
    """The whole page. Families in alphabetical order, rules by number."""
    rules = sorted(all_rules().values(), key=_order)
    pages = [_HEAD]
    for family, members in groupby(rules, key=_family):
        pages.append(f"\n## {_FAMILIES.get(family, family)}\n\n{_COLUMNS}")
        pages += [_row(rule) for rule in members]
    return "".join(pages)


def _family(rule: Rule) -> str:
    return rule.id.partition("-")[0]


def _order(rule: Rule) -> tuple[str, str]:
    family, _, number = rule.id.partition("-")
    return family, number.zfill(4)


def _row(rule: Rule) -> str:
    texts = "<br>".join(" ".join(rule.texts[language].split()) for language in ("en", "zh-CN"))
    cells = (rule.id, rule.severity, rule.action, rule.dimension, texts, rule.source)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
