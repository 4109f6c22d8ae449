"""A recall's report as PDF, for those who file and print. Chinese is set in the reader's own CJK font, so that no font is shipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from data_contracts.findings import Language
from hub.recall.page import (
    address_text,
    at,
    clause_text,
    contradictions,
    facts,
    late,
    met_text,
    name_of,
    parts,
    percent,
    place_text,
    scores,
    told_text,
)
from hub.recall.words import word

_CJK = "STSong-Light"
_LINE = colors.HexColor("#dbe2e8")


def paper(shown: Mapping[str, Any], language: Language, key: str) -> bytes:
    """The PDF of a picture (`hub.recall.picture.picture`), A4."""
    if _CJK not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(_CJK))
    plain = ParagraphStyle("plain", fontName=_CJK, fontSize=8.5, leading=12, wordWrap="CJK")
    head = ParagraphStyle("head", parent=plain, fontSize=17, leading=22)
    section = ParagraphStyle("section", parent=plain, fontSize=11.5, leading=16, spaceBefore=8, spaceAfter=3)

    def say(name: str) -> str:
        return word(name, language)

    def cell(value: Any) -> Paragraph:
        return Paragraph(escape(str(value)), plain)

    def table(names: Sequence[str], rows: Sequence[Sequence[Any]], widths: Sequence[float]) -> Table:
        made = Table(
            [[cell(say(name)) for name in names], *([cell(value) for value in row] for row in rows)], [w * mm for w in widths], repeatRows=1
        )
        style = [
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#f3f6f8")),
        ]
        made.setStyle(TableStyle(style))
        return made

    title = f"{say(shown['kind'])} {shown['number']}"
    story: list[Any] = [Paragraph(escape(f"{title} · {shown['title']}"), head), Spacer(1, 3 * mm)]
    story += [Paragraph(escape(f"{say(name)}: {value}"), plain) for name, value in facts(shown, say) if value]
    for total in shown["totals"]:
        where = " · ".join(f"{say(name)} {quantity:f}" for name, quantity in parts(total))
        said = f"{total['item']} {name_of(total, language)} · {total['total']:f} {total['unit']} · {percent(total['coverage'])}"
        story.append(Paragraph(escape(f"{said} {say('coverage')} · {where}"), section))
    if faults := contradictions(shown, say, language):
        names = ("item", "lot", "contradiction", "holder", "quantity", "exchange")
        story += [
            Paragraph(escape(say("contradictions")), section),
            Paragraph(escape(say("alarm")), plain),
            table(names, faults, (20, 30, 58, 30, 20, 22)),
        ]
    rows = [
        (
            f"{lot['item']} {name_of(lot, language)}",
            lot["lot"],
            say(one["position"]),
            place_text(shown, one["holder"], language) or say("nobody"),
            say(one["why"]),
            f"{one['quantity']:f} {lot['unit']}",
            " ".join(map(str, one["evidence"])),
        )
        for lot in shown["lots"]
        for one in lot["positions"]
    ]
    story += [
        Paragraph(say("lots"), section),
        table(("item", "lot", "position", "holder", "why", "quantity", "exchange"), rows, (20, 30, 18, 40, 30, 20, 22)),
    ]
    if shown["clocks"]:
        clocks = [
            (say(one["regime"]), say(one["act"]), at(one["due_at"]) + late(one, say), clause_text(one, say), met_text(one, say))
            for one in shown["clocks"]
        ]
        story += [Paragraph(say("clocks"), section), table(("organisation", "state", "due", "clause", "met"), clocks, (22, 38, 32, 38, 50))]
    told = [
        (
            f"{one['id']} {say(one['kind'])}",
            one["partner"] or say("no_partner"),
            f"{place_text(shown, one['place'] or '', language)} {address_text(one['party'])}",
            at(one["sent_at"]),
            f"{say(one['state'])} {told_text(one)}",
        )
        for one in (*shown["notices"], *shown["holds"])
    ]
    if told:
        story += [Paragraph(say("notices"), section), table(("notices", "partner", "holder", "sent", "state"), told, (24, 40, 50, 32, 34))]
    if shown["unreachable"]:
        story.append(
            Paragraph(
                escape(f"{say('unreachable')}: {', '.join(place_text(shown, place, language) for place in shown['unreachable'])}"), plain
            )
        )
    said = " · ".join(f"{say(name)} {value}" for name, value in scores(shown["score"]))
    story += [
        Paragraph(say("score"), section),
        Paragraph(escape(said), plain),
        Spacer(1, 4 * mm),
        Paragraph(escape(f"{say('public_key')} {key}"), plain),
    ]
    out = BytesIO()
    SimpleDocTemplate(
        out, pagesize=A4, title=title, author="UDIHub", leftMargin=15 * mm, rightMargin=15 * mm, topMargin=15 * mm, bottomMargin=15 * mm
    ).build(story)
    return out.getvalue()
