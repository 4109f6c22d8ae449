"""Random IDocs of every grammar in the tree, as the reader would yield them."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from connectors.formats.idoc.grammar import CONTROL, Field, Grammar, Segment, Use
from data_contracts.source import SourceRecord

_LETTERS = "ABCXYZabcxyz0189-_./ +<>&\"'甲乙丙江南高分子Øüß€"
_DAYS = st.dates().map(lambda day: f"{day:%Y%m%d}".rjust(8, "0"))


def _text(one: Field) -> st.SearchStrategy[str]:
    if one.kind == "DATS":
        return _DAYS
    if one.kind == "TIMS":
        return st.times().map(lambda time: f"{time:%H%M%S}")
    if one.kind == "NUMC":
        return st.text("0123456789", min_size=one.length, max_size=one.length).filter(lambda text: text.strip("0") != "")
    if one.kind == "CHAR":
        return st.text(_LETTERS, min_size=1, max_size=one.length).map(str.strip).filter(bool)
    whole = st.integers(1, 10 ** min(one.length - 1, 9) - 1).map(str) if one.length > 1 else st.sampled_from("123456789")
    return whole | whole.map(lambda text: f"{text[: one.length - 1]}-") if one.length > 2 else whole


@st.composite
def _values(draw: st.DrawFn, segment: Segment) -> dict[str, str]:
    chosen = draw(st.lists(st.sampled_from(segment.fields), min_size=1, max_size=5, unique=True))
    return {one.name: draw(_text(one)) for one in sorted(chosen, key=lambda one: one.offset)}


def _below(draw: st.DrawFn, body: Sequence[Use], parent: SourceRecord) -> None:
    for use in body:
        most = min(use.most or 3, 2)
        for _ in range(draw(st.integers(1 if use.must else 0, most))):
            record = SourceRecord(use.segment.tag, draw(_values(use.segment)), 0, parent)
            parent.children.append(record)
            _below(draw, use.below, record)


@st.composite
def instances(draw: st.DrawFn, grammar: Grammar, control: Segment) -> SourceRecord:
    """A tree that the grammar takes."""
    root = SourceRecord(draw(st.sampled_from(grammar.messages)), {}, 0)
    said = {**draw(_values(control)), "TABNAM": CONTROL, "IDOCTYP": grammar.basic_type, "MESTYP": root.tag, "DOCNUM": "0000000000000001"}
    root.children.append(SourceRecord(CONTROL, {**said, "SNDPRN": "A", "RCVPRN": "B"}, 0, root))
    _below(draw, grammar.body, root)
    return root
