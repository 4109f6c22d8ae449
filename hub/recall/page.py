"""A recall's report as a page that opens on a closed network: all is inside, nothing is loaded, whatever came from outside is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any

from data_contracts.findings import Language
from hub.recall.whereabouts import WHERE
from hub.recall.words import word

COLOURS = {
    "on_hand": "#2f7fc1", "on_hand_ours": "#2f7fc1", "on_hand_consignees": "#8cc0ea", "in_transit": "#7a5cc0",
    "shipped": "#e0a03a", "used": "#6b7a88", "destroyed": "#3d4852", "returned": "#14804a", "unknown": "#c62f2f",
}  # fmt: skip
"""The colours of positions and of their `parts`, told apart also by those who see no red or green."""
_CSS = Path(__file__).with_name("report.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
Say = Callable[[str], str]


def page(shown: Mapping[str, Any], language: Language, others: Sequence[Language], key: str) -> str:
    """The page of a picture (`hub.recall.picture.picture`), signed with the public key `key`."""

    def say(name: str) -> str:
        return escape(word(name, language))

    title = f"{say(shown['kind'])} {escape(shown['number'])}"
    links = "".join(f'<a class="switch" lang="{other}" href="report.{other}.html">{say("other")}</a>' for other in others)
    body = [
        f"<header><div><h1>{title}</h1><p>{escape(shown['title'])}</p></div>{links}</header>",
        _head(shown, say),
        _totals(shown, say, language),
        _contradictions(shown, say, language),
        _lots(shown, say, language),
        _clocks(shown, say),
        _told(shown, say, language),
        _checks(shown, say, language),
        _score(shown, say),
        f"<section><p>{say('proof')}</p><p>{say('public_key')} <code>{escape(key)}</code></p></section>",
    ]
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>UDIHub · {title}</title>\n<style>{_CSS.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body>\n</html>\n"
    )


def at(moment: datetime | None) -> str:
    """A time as the report writes it."""
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M %Z").strip()


def scope_text(scope: Mapping[str, Any]) -> str:
    """What was named, in one line."""
    parts = [*scope["lots"], *scope["serials"]]
    if scope["supplier"]:
        parts.append(f"{scope['supplier']} {scope['since'] or ''} … {scope['until'] or ''}".strip())
    return ", ".join(parts)


def name_of(one: Mapping[str, Any] | None, language: Language) -> str:
    """What a place, item or party is called in a language, else in the other; nothing where nobody says."""
    known = one or {}
    names = (known.get("name_zh"), known.get("name")) if language == "zh-CN" else (known.get("name"), known.get("name_zh"))
    return str(next(filter(None, names), ""))


def place_text(shown: Mapping[str, Any], place: str, language: Language) -> str:
    """A place with its name."""
    return f"{place} {name_of(shown['names'].get(place), language)}".strip()


def address_text(party: Mapping[str, str] | None) -> str:
    """Where somebody is whom no partner's file names, as documents say it."""
    known = party or {}
    return ", ".join(known[name] for name in ("address", "postal_code", "city", "country") if known.get(name))


def facts(shown: Mapping[str, Any], say: Say) -> list[tuple[str, str]]:
    """What the recall is, by the names of the words."""
    return [
        ("reason", shown["reason"]),
        ("organisation", shown["organisation"]),
        ("state", say(shown["state"])),
        ("scope", scope_text(shown["scope"])),
        ("unknown_units", ", ".join(shown["scope"].get("unknown", ()))),
        ("elsewhere", say("with_another") if shown["elsewhere"] else ""),
        ("aware", at(shown["aware_at"])),
        ("decided", at(shown["decided_at"])),
        ("opened", f"{at(shown['opened_at'])} · {shown['opened_by']}"),
        ("located", at(shown["located_at"])),
        ("time_zone", shown["time_zone"]),
        ("closed_at", f"{at(shown['closed_at'])} · {shown['closed_by']}" if shown["closed_at"] else ""),
        ("closed_reason", shown["closed_reason"] or ""),
    ]


def percent(share: Decimal | None) -> str:
    """A share as people read it; never rounded up to all."""
    return "–" if share is None else f"{int(share * 1000) / 10:.1f} %"


def parts(total: Mapping[str, Any]) -> list[tuple[str, Decimal]]:
    """Where the units of one item are, without what is nought: our own stock apart from that of consignees."""
    theirs = total["at_consignees"]
    found = [("on_hand_ours", total["positions"]["on_hand"] - theirs), ("on_hand_consignees", theirs)]
    found += [(where, total["positions"][where]) for where in WHERE if where != "on_hand"]
    return [(name, quantity) for name, quantity in found if quantity]


def _head(shown: Mapping[str, Any], say: Say) -> str:
    rows = [(name, value) for name, value in facts(shown, say) if value]
    return f"<section><dl>{''.join(f'<dt>{say(name)}</dt><dd>{escape(str(value))}</dd>' for name, value in rows)}</dl></section>"


def _totals(shown: Mapping[str, Any], say: Say, language: Language) -> str:
    made = []
    for total in shown["totals"]:
        whole, left, bars, keys = total["total"] or Decimal(1), Decimal(0), [], []
        for where, quantity in parts(total):
            width = quantity * 1000 / whole
            shape = f'<rect x="{left:.2f}" width="{width:.2f}" height="30" fill="{COLOURS[where]}">'
            bars.append(f"{shape}<title>{say(where)} {quantity:f}</title></rect>")
            keys.append(f'<span><i style="background:{COLOURS[where]}"></i>{say(where)} <b>{quantity:f}</b></span>')
            left += width
        called = name_of(total, language)
        kind = say("named" if total["named"] else "made")
        made.append(
            f'<p>{escape(total["item"])} {escape(called)} <span class="quiet">{kind}</span> · '
            f"<b>{total['total']:f}</b> {escape(total['unit'])} · <b>{percent(total['coverage'])}</b> {say('coverage')}</p>"
            f'<svg class="bar" viewBox="0 0 1000 30" preserveAspectRatio="none" role="img" aria-label="{say("totals")}">'
            f"{''.join(bars)}</svg>"
            f'<div class="keys">{"".join(keys)}</div>'
        )
    return f"<section><h2>{say('totals')}</h2>{''.join(made)}</section>"


def contradictions(shown: Mapping[str, Any], say: Say, language: Language) -> list[tuple[str, ...]]:
    """Item, lot, what does not add up, place, units, exchanges with the despatches among them."""
    return [
        (
            lot["item"],
            lot["lot"],
            say(one["rule"]),
            place_text(shown, one["place"], language),
            f"{one['quantity']:f} {lot['unit']}",
            " ".join([*map(str, one["evidence"]), f"({', '.join(one['despatches'])})" if one["despatches"] else ""]).strip(),
        )
        for lot in shown["lots"]
        for one in lot["contradictions"]
    ]


def _contradictions(shown: Mapping[str, Any], say: Say, language: Language) -> str:
    rows = [
        f'<tr><td>{escape(item)}</td><td>{escape(lot)}</td><td class="unknown">{rule}</td><td>{escape(place)}</td>'
        f'<td class="number">{escape(quantity)}</td><td class="number">{escape(evidence)}</td></tr>'
        for item, lot, rule, place, quantity, evidence in contradictions(shown, say, language)
    ]
    head = "".join(f"<th>{say(name)}</th>" for name in ("item", "lot", "contradiction", "holder"))
    head += "".join(f'<th class="number">{say(name)}</th>' for name in ("quantity", "exchange"))
    alarm = f'<section class="unknown" role="alert">{say("alarm")}</section>' if rows else ""
    return alarm + _table("contradictions", head, rows, say)


def _lots(shown: Mapping[str, Any], say: Say, language: Language) -> str:
    rows = []
    for lot in shown["lots"]:
        kind = say("named" if lot["named"] else "made")
        rows.append(
            f'<tr class="lot"><th colspan="3" scope="rowgroup">{escape(lot["item"])} · {escape(lot["lot"])} '
            f'<span class="quiet">{escape(name_of(lot, language))} · {escape(lot["gtin"] or "")} · {kind}</span></th>'
            f'<th class="number">{lot["total"]:f} {escape(lot["unit"])}</th><th class="number">{percent(lot["coverage"])}</th></tr>'
        )
        for one in lot["positions"]:
            place = escape(place_text(shown, one["holder"], language)) or say("nobody")
            partner = f' <span class="quiet">{escape(one["partner"])}</span>' if one["partner"] else ""
            evidence = " ".join(str(number) for number in one["evidence"])
            rows.append(
                f'<tr><td class="short {one["position"]}">{say(one["position"])}</td><td>{place}{partner}</td><td>{say(one["why"])}</td>'
                f'<td class="number">{one["quantity"]:f}</td><td class="number">{escape(evidence)}</td></tr>'
            )
    head = "".join(f"<th>{say(name)}</th>" for name in ("position", "holder", "why"))
    head += "".join(f'<th class="number">{say(name)}</th>' for name in ("quantity", "exchange"))
    return _table("lots", head, rows, say)


def _clocks(shown: Mapping[str, Any], say: Say) -> str:
    rows = [
        f'<tr><td class="short">{say(one["regime"])}</td>'
        f"<td>{say(one['act'])}</td>"
        f'<td class="{"overdue" if one["overdue"] else ""}">{escape(at(one["due_at"]))}{late(one, say)}</td>'
        f"<td>{escape(clause_text(one, say))}</td>"
        f"<td>{escape(met_text(one, say))}</td></tr>"
        for one in shown["clocks"]
    ]
    return _table("clocks", f"<th></th><th></th><th>{say('due')}</th><th>{say('clause')}</th><th>{say('met')}</th>", rows, say)


def clause_text(clock: Mapping[str, Any], say: Say) -> str:
    """The clause, whether the days are its own and were read there, and of which years working days are not known."""
    own = "" if clock["statutory"] else f" ({say('house_limit')})"
    years = ", ".join(map(str, clock["unknown_years"]))
    unread = "" if clock["confirmed"] else f" ({say('not_confirmed')})"
    unknown = f" ({say('calendar_unknown')} {years})" if years else ""
    return f"{clock['clause']}{own}{unread}{unknown}"


def late(one: Mapping[str, Any], say: Say) -> str:
    """Said beside a clock or a notice that has run out."""
    return f" · {say('overdue')}" if one["overdue"] else ""


def met_text(clock: Mapping[str, Any], say: Say) -> str:
    """When something that is due was done, who says so, and what shows it."""
    done = clock["met"]
    if done is None:
        return say("not_met")
    exchange = f" · {say('exchange')} {done['exchange']}" if done["exchange"] else ""
    late = f" ({say('late')})" if done["late"] else ""
    return f"{at(done['at'])}{late} · {done['evidence']}{exchange} · {done['marked_by']}"


def _told(shown: Mapping[str, Any], say: Say, language: Language) -> str:
    made = []
    for name in ("notices", "holds"):
        rows = [
            f"<tr><td>{one['id']}</td><td>{escape(one['partner'] or '') or say('no_partner')}</td>"
            f"<td>{escape(place_text(shown, one['place'] or '', language))}"
            f'<br><span class="quiet">{escape(address_text(one["party"]))}</span></td><td>{escape(at(one["sent_at"]))}</td>'
            f'<td class="short {one["state"]}">{say(one["state"])}<br><span class="quiet">{escape(told_text(one))}</span></td>'
            f"<td>{escape(at(one['acknowledged_at']))}</td><td>{_said(one['answer'], say)}</td></tr>"
            for one in shown[name]
        ]
        columns = ("partner", "holder", "sent", "state", "acknowledged", "answered")
        made.append(_table(name, "<th>#</th>" + "".join(f"<th>{say(column)}</th>" for column in columns), rows, say))
    if shown["unreachable"]:
        places = ", ".join(place_text(shown, place, language) for place in shown["unreachable"])
        made.append(f'<section class="unknown">{say("unreachable")}: {escape(places)}</section>')
    return "".join(made)


def told_text(notice: Mapping[str, Any]) -> str:
    """How a person told a consignee, when, and who says so."""
    return f"{notice['told_how']} · {at(notice['told_at'])} · {notice['told_by']}" if notice["told_at"] else ""


def _said(answer: Mapping[str, Mapping[str, str]] | None, say: Say) -> str:
    return "<br>".join(
        f"{escape(key)}: {', '.join(f'{say(name)} {escape(amount)}' for name, amount in amounts.items())}"
        for key, amounts in (answer or {}).items()
    )


def _checks(shown: Mapping[str, Any], say: Say, language: Language) -> str:
    rows = [
        f"<tr><td>{escape(one['partner'] or '')}</td><td>{escape(place_text(shown, one['place'], language))}</td>"
        f"<td>{escape(at(one['at']))} · {escape(one['by'])}</td>"
        f"<td>{say(one['method'])}</td><td>{say(one['outcome'])}</td><td>{escape(one['note'] or '')}</td></tr>"
        for one in shown["checks"]
    ]
    return _table(
        "checks",
        "".join(f"<th>{say(name)}</th>" for name in ("partner", "holder"))
        + f"<th></th><th>{say('method')}</th><th>{say('outcome')}</th><th></th>",
        rows,
        say,
    )


def scores(score: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The score by the names of the words: shares, and hours where there are any."""
    hours = [(name, f"{score[name]:f}") for name in ("hours_to_locate", "hours_to_last_answer") if score[name] is not None]
    return [*((f"score_{name}", percent(score[name])) for name in ("coverage", "acknowledged", "answered")), *hours]


def _score(shown: Mapping[str, Any], say: Say) -> str:
    rows = [f"<dt>{say(name)}</dt><dd>{value}</dd>" for name, value in scores(shown["score"])]
    return f"<section><h2>{say('score')}</h2><dl>{''.join(rows)}</dl></section>"


def _table(name: str, head: str, rows: Sequence[str], say: Say) -> str:
    if not rows:
        return ""
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'<section><h2>{say(name)}</h2><div class="wide"><table>{body}</table></div></section>'
