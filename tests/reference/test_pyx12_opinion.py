"""Two judges over real documents: our reader and pyx12 on maps made of our grammars.

Prints a table (file, our verdict, first reason, pyx12's opinion) over the documents of every set. Where the two differ, or
where a document of ours is refused, `EXPLAINED` says why; a row that is no longer needed fails as well.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from connectors.formats.x12 import FORMAT
from connectors.formats.x12.second_opinion import DIFFERENCES, Opinion, second_opinion
from connectors.spec import Profile
from data_contracts.findings import Finding

REFERENCE = Path(os.environ["UDIHUB_REFERENCE"]) / "edi"
pytestmark = pytest.mark.reference

DOCUMENTS = [
    path
    for pattern in ("x12/*.edi", "broken/850*")
    for path in sorted(REFERENCE.glob(pattern))
    if not path.name.startswith("TA1")  # an interchange without a group, of which pyx12 has no opinion
]

REFUSED_BY_BOTH = {
    "810_4.edi": "IT1 with quantity and price but no unit (P020304): its writer did not know the condition",
    "820_1.edi": "a segment TX1 that no release knows, where TXI is meant",
    "820_2.edi": "blanks before every terminator, BPR one element short, dates of six digits under 004010",
    "832_1_healthcare.edi": "a second DTM of the line behind TD4, whose place is before REF",
    "860_1.edi": "SE01 counts a segment too many; BCH06 holds the words PO DATE; N3 joined to N1",
    "850_4.edi": "003050: NTE and a century in DTM05 left the set before 004010, whose tables serve it",
    "850_6.edi": "IEA02 is not ISA13",
    "855_4.edi": "ACK02 without ACK03 (P0203): an example of a guide that dropped the condition",
    "856_2.edi": "BSN02 missing, and packaging codes with a leading blank that makes them too long",
    "997_3.edi": "made to be refused: a group code that is none, a group trailer with another number",
    "999_1.edi": "AK202 repeats an ST02 of three characters, one too few",
    "850_bad_code.edi": "BEG01 ZZ",
    "850_bad_date.edi": "31 February",
    "850_ge01.edi": "GE01 counts sets that are not there",
    "850_iea02.edi": "IEA02 is not ISA13",
    "850_missing_beg.edi": "no BEG",
    "850_se01.edi": "SE01 counts segments that are not there",
    "850_truncated.edi": "the end is cut off",
    "850_unknown_segment.edi": "a segment ZZZ",
    "850_utf8_in_4010.edi": "letters outside the extended character set, as both read it without a charset in the profile",
}
"""Documents that neither judge takes, and what is wrong with them."""

EXPLAINED = {
    "846_1.edi": "trailing blanks",
    "850_wrong_gs01.edi": "set in the wrong group",
}
"""Where the verdicts differ: file -> key of DIFFERENCES."""


def verdict(path: Path) -> tuple[bool, list[Finding]]:
    findings: dict[int, Finding] = {}
    with path.open("rb") as stream:
        for event in FORMAT.read(io.BytesIO(stream.read()), Profile(unpadded_isa=True)):
            parts = (event.interchange, event.group, event.message)
            heard = [finding for part in parts if part is not None for finding in part.findings]
            heard += [event.finding] if event.finding is not None else []
            findings.update({id(finding): finding for finding in heard if finding.severity == "error"})
    return not findings, list(findings.values())


def word(accepted: bool | None) -> str:
    return {True: "accepted", False: "refused", None: "no opinion"}[accepted]


def test_both_judges(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(DOCUMENTS) >= 50
    rows: list[tuple[str, bool, str, Opinion]] = []
    for path in DOCUMENTS:
        ours, findings = verdict(path)
        reason = f"{findings[0].rule} {findings[0].text()}" if findings else ""
        rows.append((path.name, ours, reason, second_opinion(path.read_bytes())))
    with capsys.disabled():
        print()
        for name, ours, reason, opinion in rows:
            theirs = opinion.refused_reason or (opinion.errors[0].text if opinion.errors else "")
            print(f"{name:26} {word(ours):9} {reason[:70]:70} pyx12 {word(opinion.accepted):10} {theirs[:70]}")
    differing = {name for name, ours, _, opinion in rows if ours is not opinion.accepted}
    assert differing == set(EXPLAINED)
    assert set(EXPLAINED.values()) <= set(DIFFERENCES)
    refused = {name for name, ours, _, _ in rows if not ours}
    assert refused - differing == set(REFUSED_BY_BOTH)


@pytest.mark.parametrize("path", sorted((REFERENCE / "x12").glob("*.edi")), ids=lambda path: path.name)
def test_other_sets_get_an_answer(path: Path) -> None:
    opinion = second_opinion(path.read_bytes())
    assert opinion.accepted is not None or opinion.refused_reason
