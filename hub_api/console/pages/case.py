"""One case opened: the message with the place marked, the canonical record, what other systems say, its story, and what can be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa
from nicegui import ui

from data_contracts.errors import NotFoundError
from hub.cases import acts
from hub.cases.acts import Who
from hub.cases.kinds import LISTED, told
from hub.cases.shown import shown as opened_case
from hub_api.console.asking import Fields, because, dialog, line, lines, reason, said
from hub_api.console.case_steps import by_hand, must_sign, signature, signer_of
from hub_api.console.frame import Visit, console_page, go, section, show, show_first_mark, title
from hub_api.console.markup import Child, Html, chip, deadline, el, facts, link, row, table, when
from hub_api.console.opened import Opened, open_exchange, record, source
from hub_api.console.pages.masterdata import field_name, value_text
from hub_api.console.sentences import beside, findings_list, message_of, path_in_words, state
from hub_api.security import DECIDERS

_PLACES: Mapping[str, str] = {"duplicate": "/masterdata", "difference": "/differences", "approval": "/masterdata", "release": "/"}
"""Where cases of master data are decided for good, and what goes out is approved or refused."""


@console_page("/cases/{id}", under="cases")
async def case(visit: Visit) -> None:
    """What it is about, what can be done, and everything that is known."""
    wanted = visit.path_id()
    one, opened = await visit.read(lambda connection: _read(visit, connection, wanted))
    say = visit.say
    title(
        visit,
        say("cases.one", n=wanted),
        chip(told(one["state"], visit.language), "warning" if one["state"] in LISTED else "quiet"),
        chip(one["rank_title"], "error" if one["rank"] in ("safety", "supply") else "quiet"),
    )
    show(el("p", one["title"], ": ", one["message"] or one["subject"], cls="about"))
    show(_facts(visit, one))
    if visit.may_mend and one["state"] != "closed" and (visit.caller.role in DECIDERS or one["kind"] not in _PLACES):
        _acts(visit, one)
    if one["findings"]:
        show(section(say("exchange.findings"), findings_list(visit, one["findings"])))
    if opened is not None:
        show(el("div", source(visit, opened), record(visit, opened), cls="split"))
        show_first_mark()
    if one["compared"] is not None:
        show(_compared(visit, one["compared"]))
    show(el("div", _others(visit, one), _story(visit, one), cls="split wide-right"))


def _read(visit: Visit, connection: sa.Connection, wanted: int) -> tuple[dict[str, Any], Opened | None]:
    who = Who(visit.caller.label, visit.organisations, visit.sees_all)
    one = opened_case(visit.hub, connection, wanted, who, visit.language)
    if one["exchange_id"] is None:
        return one, None
    try:
        return one, open_exchange(visit, connection, one["exchange_id"])
    except NotFoundError:
        return one, None


def _facts(visit: Visit, one: Mapping[str, Any]) -> Html:
    say = visit.say
    number = one["exchange_id"]
    document = one["document_id"]
    elsewhere = _PLACES.get(one["kind"])
    return facts(
        [
            (say("cases.due"), deadline(one["due_at"])),
            (say("cases.owner"), one["owner"] or say("cases.nobody")),
            (say("cases.about"), one["subject"]),
            (say("cases.rule"), one["rule"] or None),
            (say("exchanges.partner"), one["partner"]),
            (say("exchange.organisation"), one["organisation"]),
            (say("cases.exchange"), link(f"#{number}", f"/exchanges/{number}") if number else None),
            (say("exchange.document"), link(document, f"/documents/{document}") if document else None),
            (say("cases.opened"), when(one["opened_at"])),
            (say("cases.times"), one["times"] if one["times"] > 1 else None),
            (say("cases.elsewhere"), link(say("cases.decide_there"), elsewhere) if elsewhere else None),
        ]
    )


def _acts(visit: Visit, one: Mapping[str, Any]) -> None:
    """A dialog for each thing that can be done."""
    hub, say, number = visit.hub, visit.say, int(one["id"])
    here = f"/cases/{number}"
    decides = visit.caller.role in DECIDERS

    def who(actor: str) -> Who:
        return Who(actor, visit.organisations, visit.sees_all, visit.caller.credential_id, decides)

    def offer(name: str, draw: Callable[[], dict[str, Any]], work: Callable[[str, Fields], object]) -> None:
        dialog(visit, name, say(f"cases.{name}"), say(f"cases.{name}_more"), draw, work, here)

    with ui.element("div").classes("actions"):
        if one["may_correct"]:
            offer(
                "correct",
                partial(_correcting, visit, one),
                lambda actor, fields: acts.correct(
                    hub, number, who(actor), by_hand(visit, said(fields, "fields")), because(visit, fields), signer_of(visit, actor, fields)
                ),
            )
            if visit.sees_all:
                for kind, name in (("codes", "fix_codes"), ("mapping", "fix_map")):
                    ui.button(say(f"cases.{name}"), on_click=partial(go, f"{here}/fix?kind={kind}")).props("outline no-caps dense")
        if one["kind"] != "approval":
            offer(
                "accept",
                lambda: {"reason": reason(visit), **signature(visit, must_sign(one, "accept"))},
                lambda actor, fields: acts.accept(hub, number, who(actor), because(visit, fields), signer_of(visit, actor, fields)),
            )
        if one["partner"] is not None:
            offer(
                "ask",
                lambda: {
                    "reason": lines(say("cases.question"), "question"),
                    "send": ui.checkbox(say("cases.send")).mark("send"),
                },
                lambda actor, fields: acts.ask(hub, number, who(actor), because(visit, fields), None, bool(fields["send"].value)),
            )
        offer(
            "note",
            lambda: {"reason": lines(say("cases.said"), "said")},
            lambda actor, fields: acts.note(hub, number, who(actor), because(visit, fields)),
        )
        offer(
            "assign",
            lambda: {"owner": line(say("cases.owner"), "owner", one["owner"] or visit.caller.label), "reason": reason(visit)},
            lambda actor, fields: acts.assign(hub, number, who(actor), said(fields, "owner") or None, because(visit, fields)),
        )
        offer(
            "escalate",
            lambda: {"owner": line(say("cases.to"), "to"), "reason": reason(visit)},
            lambda actor, fields: acts.escalate(hub, number, who(actor), said(fields, "owner"), because(visit, fields)),
        )


def _proposed(one: Mapping[str, Any]) -> str:
    """The fields that findings are about, to be filled in; every row at once where several rows have the same fault."""
    paths = [str(finding["place"]["path"] or "") for finding in one["findings"]]
    named = [path for path in paths if path and "]." in path and not path.startswith("row[")]
    if len(named) > 1 and len({path.partition("].")[2] for path in named}) == 1:
        member, _, rest = named[0].partition("[")
        return f"{member}[*].{rest.partition('].')[2]} = "
    return "\n".join(f"{path} = " for path in dict.fromkeys(named))


def _correcting(visit: Visit, one: Mapping[str, Any]) -> dict[str, Any]:
    """The dialog in which the message is corrected: what its paths name in words, then the fields."""
    proposed = _proposed(one)
    _meant(visit, proposed)
    return {
        "fields": lines(visit.say("cases.fields"), "fields", proposed),
        "reason": reason(visit),
        **signature(visit, must_sign(one, "correct")),
    }


def _meant(visit: Visit, proposed: str) -> None:
    """What the proposed paths name, in words."""
    for given in proposed.splitlines():
        path = given.partition("=")[0].strip()
        if (said_so := path_in_words(visit.language, path)) != path:
            show(el("p", visit.say("path.means", path=path, said=said_so), cls="about"))


def _others(visit: Visit, one: Mapping[str, Any]) -> Child:
    say = visit.say
    said_by: list[Child] = []
    if one["disagreement"] is not None:
        for side in ("left", "right"):
            told_by = one["disagreement"][side]
            said_by.append(el("li", el("b", told_by["source"] or "–"), ": ", told_by["value"] or "–"))
    for other in one["others"]:
        key = (other["business_key"] or "").partition("/")[2]
        number = other["id"]
        said_by.append(
            el("li", link(f"#{number}", f"/exchanges/{number}"), " ", other["partner"], ": ", message_of(visit, other), " ",
               el("span", key, cls="key"), " ", state(visit, other["state"]))
        )  # fmt: skip
    if one["beside"]:
        said_by.append(el("li", say("attention.beside"), ": ", *beside(visit, one)))
    return section(
        say("cases.others"), el("ul", *said_by, cls="plain") if said_by else el("p", say("cases.no_others"), cls="nothing"), cls="panel"
    )


def _compared(visit: Visit, compared: Mapping[str, Any]) -> Html:
    """Two records, or ours and a register's, field by field."""
    rows = (
        row(
            field_name(visit, each["field"]),
            (value_text(visit, each["left"]), "differs" if each["differs"] else ""),
            (value_text(visit, each["right"]), "differs" if each["differs"] else ""),
            cls="apart" if each["differs"] else None,
        )
        for each in compared["fields"]
    )
    heads = [visit.say("masterdata.field"), compared["left"], compared["right"]]
    return section(visit.say("masterdata.beside"), table(heads, rows, cls="beside"), cls="panel")


def _story(visit: Visit, one: Mapping[str, Any]) -> Child:
    say = visit.say

    def signed(step: Mapping[str, Any]) -> Child:
        if step["signed_by"] is None:
            return None
        words = f"{step['signed_by']}: {visit.word('case_meaning', step['meaning'])}"
        holds = step["signature"] == "holds"
        return [" ", chip(f"{words} – {say('cases.holds' if holds else 'cases.broken')}", "ok" if holds else "error")]

    rows = (
        row((when(step["at"]), "time"), [visit.word("case_step", step["action"]), signed(step)], step["actor"], step["reason"])
        for step in one["story"]
    )
    heads = [say("exchange.at"), say("cases.step"), say("exchange.actor"), say("exchange.reason")]
    return section(say("cases.story"), table(heads, rows), cls="panel")
