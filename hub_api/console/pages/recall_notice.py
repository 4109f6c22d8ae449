"""One notice of a recall: what it says to whom, and what is noted of it: told, confirmed, answered, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from data_contracts.errors import NotFoundError
from hub.recall import campaign
from hub.recall.consignees import ANSWER, answer_key
from hub.recall.page import address_text, name_of, place_text, told_text
from hub.recall.picture import picture
from hub.recall.sending import zone_of
from hub.recall.words import word
from hub.store import recalls
from hub_api.console.asking import Fields, chosen, confirm_button, dialog, line, lines, said, time
from hub_api.console.frame import Visit, as_id, console_page, section, show, title
from hub_api.console.markup import Child, chip, deadline, el, facts, link, number, row, table, when

METHODS, OUTCOMES = ("visit", "call", "letter", "message"), ("effective", "not_effective", "not_reached")


@console_page("/recalls/{number}/notices/{id}", under="recalls")
async def one_notice(visit: Visit) -> None:
    """A notice or hold; whoever may steer the recall notes here what its receiver says."""
    wanted, notice_id = str(visit.request.path_params["number"]), as_id(str(visit.request.path_params["id"]))
    shown = await visit.read(lambda connection: picture(visit.hub, connection, wanted, visit.organisations))
    one = next((each for each in (*shown["notices"], *shown["holds"]) if each["id"] == notice_id), None)
    if one is None:
        raise NotFoundError(f"there is no notice {visit.request.path_params['id']}")

    def say(name: str) -> str:
        return word(name, visit.language)

    head = "recalls.notice" if one["kind"] == "notice" else "recalls.hold_title"
    title(visit, visit.say(head, id=one["id"]), chip(say(one["state"]), ""), link(wanted, f"/recalls/{wanted}"))
    show(
        facts(
            [
                (say("partner"), one["partner"] or say("no_partner")),
                (say("holder"), place_text(shown, one["place"] or "", visit.language)),
                (say("address"), address_text(one["party"])),
                (say("due"), deadline(one["due_at"])),
                (say("sent"), when(one["sent_at"]) if one["sent_at"] else None),
                (say("told_how"), told_text(one)),
                (say("acknowledged"), [when(one["acknowledged_at"]), f" {one['acknowledged_by']}"] if one["acknowledged_at"] else None),
                (say("answered"), [when(one["answered_at"]), f" {one['answered_by']}"] if one["answered_at"] else None),
            ]
        )
    )
    may_step = visit.may_mend and shown["state"] == "open" and one["superseded_by"] is None
    show(section(say("lots"), _lots(visit, one), _superseded(visit, wanted, one)))
    if may_step:
        _steps(visit, wanted, one)
    if may_step and one["kind"] == "notice":
        _answer(visit, wanted, one)


def _superseded(visit: Visit, wanted: str, one: Mapping[str, Any]) -> Child:
    newer = one["superseded_by"]
    return el("p", word("superseded", visit.language), " ", link(f"#{newer}", f"/recalls/{wanted}/notices/{newer}")) if newer else None


def _lots(visit: Visit, one: Mapping[str, Any]) -> Child:

    def say(name: str) -> str:
        return word(name, visit.language)

    heads: list[Child | tuple[Child, str]] = [say("item"), say("lot"), (say("quantity"), "num"), visit.say("recalls.serials_short")]
    heads += [(say(name), "num") for name in ANSWER]
    answered = one["answer"] or {}
    return table(
        heads,
        (
            row(
                [lot["item"], el("small", name_of(lot, visit.language), cls="below")],
                lot["lot"],
                ("–" if lot.get("quantity") is None else f"{lot['quantity']} {lot['unit']}", "num"),
                ", ".join(lot["serials"][:20]) + (" …" if len(lot["serials"]) > 20 else ""),
                *((answered.get(answer_key(one["lots"], lot), {}).get(name, "–"), "num") for name in ANSWER),
            )
            for lot in one["lots"]
        ),
        cls="numbers",
    )


def _steps(visit: Visit, wanted: str, one: Mapping[str, Any]) -> None:
    hub, here, notice_id = visit.hub, f"/recalls/{wanted}/notices/{one['id']}", int(one["id"])
    say = visit.say

    def tell(actor: str, given: Fields) -> None:
        with hub.database.begin(actor) as uow:
            zone = zone_of(hub, recalls.by_number(uow.connection, wanted, visit.organisations))
            campaign.tell(uow, wanted, notice_id, said(given, "how"), time(visit, given, "at", zone))

    def confirm(actor: str, given: Fields) -> None:
        with hub.database.begin(actor) as uow:
            recalls.by_number(uow.connection, wanted, visit.organisations)
            campaign.acknowledge(uow, wanted, notice_id, None, said(given, "reason") or None)

    def check(actor: str, given: Fields) -> None:
        with hub.database.begin(actor) as uow:
            recalls.by_number(uow.connection, wanted, visit.organisations)
            campaign.check(uow, wanted, notice_id, said(given, "method"), said(given, "outcome"), said(given, "note") or None)

    words = {name: word(name, visit.language) for name in (*METHODS, *OUTCOMES)}
    with ui.element("div").classes("actions"):
        if one["kind"] == "notice" and one["acknowledged_at"] is None:
            fields = lambda: {"how": lines(say("recalls.how"), "how"), "at": line(say("recalls.when"), "at", hint=say("recalls.time_hint"))}  # noqa: E731
            dialog(visit, "tell", say("recalls.tell"), say("recalls.tell_more"), fields, tell, here)
        if one["acknowledged_at"] is None:
            reason = lambda: {"reason": lines(say("recalls.note"), "reason")}  # noqa: E731
            dialog(visit, "acknowledge", say("recalls.acknowledge"), say("recalls.acknowledge_more"), reason, confirm, here)
        if one["kind"] == "notice":
            checked = lambda: {  # noqa: E731
                "method": chosen(word("method", visit.language), "method", {name: words[name] for name in METHODS}, "call"),
                "outcome": chosen(word("outcome", visit.language), "outcome", {name: words[name] for name in OUTCOMES}, "effective"),
                "note": line(say("recalls.note"), "note"),
            }
            dialog(visit, "check", say("recalls.check"), say("recalls.check_more"), checked, check, f"/recalls/{wanted}")


def _answer(visit: Visit, wanted: str, one: Mapping[str, Any]) -> None:
    """Amounts for each lot; what is left empty is unknown."""
    say = visit.say
    fields: dict[str, ui.element] = {}
    before = one["answer"] or {}
    with ui.element("section").classes("panel"):
        show(el("h2", say("recalls.answer")), el("p", say("recalls.answer_more"), cls="about"))
        for place, lot in enumerate(one["lots"]):
            known = before.get(answer_key(one["lots"], lot), {})
            quantity = "" if lot.get("quantity") is None else f" · {number(lot['quantity'])} {lot['unit']}"
            show(el("h3", f"{lot['item']} {name_of(lot, visit.language)} · {lot['lot']}{quantity}"))
            with ui.element("div").classes("four"):
                for name in ANSWER:
                    fields[f"{place}-{name}"] = line(word(name, visit.language), f"{place}-{name}", str(known.get(name, "")))

        def answer(actor: str, given: Fields) -> None:
            amounts = {
                answer_key(one["lots"], lot): {name: text for name in ANSWER if (text := said(given, f"{place}-{name}"))}
                for place, lot in enumerate(one["lots"])
            }
            with visit.hub.database.begin(actor) as uow:
                recalls.by_number(uow.connection, wanted, visit.organisations)
                campaign.answer(uow, wanted, int(one["id"]), {key: one for key, one in amounts.items() if one}, None)

        confirm_button(visit, "answer", say("recalls.record_answer"), fields, answer, lambda _: f"/recalls/{wanted}/notices/{one['id']}")
