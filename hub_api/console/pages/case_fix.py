"""A map or code list mended from a case: the change, what it would free of all that waits, and only then the change itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from nicegui import ui

from data_contracts.errors import HubError, NotFoundError, RefusedError
from hub.cases import fixes
from hub.cases.acts import Who
from hub.cases.shown import shown as opened_case
from hub.store import tables
from hub_api.console.asking import because, confirm_button, lines, reason
from hub_api.console.case_steps import by_hand, must_sign, signature, signer_of
from hub_api.console.frame import Visit, console_page, nothing, section, show, title
from hub_api.console.markup import chip, el, link, row, table
from mappings.resolve import resolve

_MOST = 100


@console_page("/cases/{id}/fix", under="cases")
async def fix_of_case(visit: Visit) -> None:
    """Codes: what unknown values mean, a line each. Map: the site's own file, or an overlay of the shipped one, to be written."""
    wanted = visit.path_id()
    if not visit.may_mend or not visit.sees_all:
        raise RefusedError(visit.say("frame.not_yours"))
    kind: fixes.Kind = "mapping" if visit.asked("kind") == "mapping" else "codes"
    one, name, text = await visit.read(lambda connection: _read(visit, connection, wanted, kind))
    say = visit.say
    title(visit, say(f"cases.fix_{'map' if kind == 'mapping' else 'codes'}"), link(say("cases.one", n=wanted), f"/cases/{wanted}"))
    show(el("p", say(f"cases.fix_{'map' if kind == 'mapping' else 'codes'}_more", name=name), cls="about"))
    who = Who(visit.caller.label, visit.organisations, visit.sees_all)
    with ui.element("section").classes("panel"):
        called = ui.input(say("cases.file"), value=name).props("outlined dense stack-label").classes("whole").mark("file")
        wording = lines(say("cases.means") if kind == "codes" else say("cases.whole"), "wording", text)
        problem = ui.label().classes("problem")
        found = ui.element("div").mark("freed")

        def change() -> fixes.Fix:
            given = str(called.value or "").strip()
            if kind == "mapping":
                return fixes.Fix("mapping", given, str(wording.value or ""))
            meanings = {source: str(to) for source, to in by_hand(visit, str(wording.value or "")).items() if to is not None}
            return fixes.with_codes(visit.hub, given, meanings)

        async def preview() -> None:
            problem.set_text("")
            found.clear()
            try:
                freed = await asyncio.to_thread(lambda: fixes.preview(visit.hub, change(), who, visit.language))
            except HubError as error:
                problem.set_text(visit.refused(error))
                return
            with found:
                _freed(visit, [one for one in freed if not one.changes])
                _rested(visit, [one for one in freed if one.changes])
            rested = {one.exchange: f"#{one.exchange} {one.partner} {one.subject or ''}" for one in freed if one.changes}
            again.set_options(rested, value=[])
            again.set_visibility(bool(rested))

        again = ui.select({}, multiple=True, label=say("cases.replay_too"), value=[]).props("outlined dense use-chips").classes("whole")
        again.mark("again").set_visibility(False)
        ui.button(say("cases.preview"), on_click=preview).props("outline no-caps").mark("preview")
        fields = {"reason": reason(visit), **signature(visit, must_sign(one, "fix")), "again": again}

        def work(actor: str, given: Mapping[str, Any]) -> None:
            acting = Who(actor, visit.organisations, visit.sees_all)
            again = [int(number) for number in given["again"].value or ()] if kind == "codes" else []
            signer = signer_of(visit, actor, given)
            _, outcomes = fixes.apply(visit.hub, change(), acting, because(visit, given), None, signer, again)
            failed = [each for each in outcomes if not each.done]
            if failed:
                why = "; ".join(f"{each.case or each.exchange}: {each.error}" for each in failed[:10])
                raise RefusedError(visit.say("cases.some_failed", done=len(outcomes) - len(failed), all=len(outcomes), why=why))

        confirm_button(visit, "fix", say("cases.fix_do"), fields, work, lambda _: f"/cases/{wanted}")


def _read(visit: Visit, connection: sa.Connection, wanted: int, kind: fixes.Kind) -> tuple[dict[str, Any], str, str]:
    """The case, the name of what is mended, and what stands in the field at first."""
    who = Who(visit.caller.label, visit.organisations, visit.sees_all)
    one = opened_case(visit.hub, connection, wanted, who, visit.language)
    if one["exchange_id"] is None:
        raise NotFoundError(f"there is no message in case {wanted}")
    of = connection.execute(sa.select(tables.exchange).where(tables.exchange.c.id == one["exchange_id"])).one()
    agreement = visit.hub.site.agreements.get(of.agreement or "")
    agreed = None if agreement is None else agreement.message(of.type, of.version)
    if agreed is None:
        raise NotFoundError(f"there is no map for case {wanted}")
    if kind == "mapping":
        own = fixes.current(visit.hub, "mapping", agreed.mapping)
        return one, agreed.mapping, own or f"mapping: {agreed.mapping}\nversion: 1\nextends: {agreed.mapping}\nfields: []\n"
    query = sa.select(tables.finding.c.params, tables.finding.c.got).where(
        tables.finding.c.exchange_id == of.id, tables.finding.c.rule == "MAP-03", tables.finding.c.closed_at.is_(None)
    )
    unknown = connection.execute(query.order_by(tables.finding.c.id)).all()
    names = sorted({str(row.params["table"]) for row in unknown if row.params.get("table")})
    name = names[0] if names else next(iter(sorted(resolve(agreed.mapping, visit.hub.site.mapping_folders).tables)), "")
    values = dict.fromkeys(row.got for row in unknown if row.got and row.params.get("table") == name)
    return one, name, "".join(f"{value} = \n" for value in values)


def _freed(visit: Visit, freed: Sequence[fixes.Freed]) -> None:
    say = visit.say
    if not freed:
        show(nothing(visit, "cases.nothing_freed"))
        return
    good = sum(1 for one in freed if one.better)
    heads = ["#", say("exchanges.partner"), say("cases.about"), say("cases.left_out"), say("cases.then"), say("cases.still")]
    rows = (
        row(
            link(one.exchange, f"/exchanges/{one.exchange}"),
            one.partner,
            el("span", one.subject or "–", cls="key"),
            (f"{one.rows[0]} → {one.rows[1]}", "num"),
            chip(say("cases.freed"), "ok") if one.better else chip(visit.word("state", one.state), "warning"),
            [el("div", each) for each in one.findings],
        )
        for one in freed[:_MOST]
    )
    show(section(say("cases.would_free", n=good, all=len(freed)), table(heads, rows)))


def _rested(visit: Visit, rested: Sequence[fixes.Freed]) -> None:
    """Messages that are applied and rest on a meaning that changes: apart from what waits, since they are replayed only where asked."""
    if not rested:
        return
    say = visit.say
    heads = ["#", say("exchanges.partner"), say("cases.about"), say("cases.says_then"), say("cases.still")]
    rows = (
        row(
            link(one.exchange, f"/exchanges/{one.exchange}"),
            one.partner,
            el("span", one.subject or "–", cls="key"),
            [el("div", f"{change.path}: {_short(change.now)} → {_short(change.then)}") for change in one.changes],
            [el("div", each) for each in one.findings],
        )
        for one in rested[:_MOST]
    )
    show(section(say("cases.rest_on_it", n=len(rested)), table(heads, rows)))


def _short(given: Any) -> str:
    """A value of a message as short text."""
    return "–" if given is None else str(given)[:80]
