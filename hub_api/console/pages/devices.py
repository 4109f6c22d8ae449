"""Devices: what the device master says, by model (Basic UDI-DI), and one device with its packages, as of any day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from data_contracts.errors import InvalidError
from hub.store import views
from hub_api.console.frame import Visit, console_page, nothing, section, show, title
from hub_api.console.markup import Child, Html, chip, el, facts, field, form, link, row, table, when

_ROWS = 50


@console_page("/devices", nav="devices", order=42)
async def devices(visit: Visit) -> None:
    """By UDI-DI; `find` is part of a name or any identifier, `model` a Basic UDI-DI."""
    find, model = visit.asked("find"), visit.asked("model")
    on = _day(visit)
    found, following = await visit.read(
        lambda connection: views.devices(connection, on=on, find=find, basic_udi_di=model, cursor=visit.asked("cursor"), limit=_ROWS)
    )
    say = visit.say
    title(visit, say("frame.devices"))
    fields = [
        field(say("devices.find"), "find", find, say("devices.find_hint")),
        field(say("devices.basic"), "model", model),
        field(say("devices.on"), "on", visit.asked("on"), say("devices.on_hint")),
    ]
    show(form(fields, say("frame.show"), "/devices"))
    if not found:
        show(nothing(visit, "devices.none"))
        return
    heads: list[Child | tuple[Child, str]] = [
        say("devices.udi_di"), say("devices.name"), say("devices.model"), say("devices.basic"), (say("devices.packages"), "num"),
        say("devices.since"),
    ]  # fmt: skip
    show(table(heads, (_line(visit, one) for one in found)))
    if following is not None:
        more = link(say("frame.more"), "/devices", find=find, model=model, on=visit.asked("on"), cursor=following)
        show(el("p", more, cls="more"))


@console_page("/devices/{di:path}", under="devices")
async def device(visit: Visit) -> None:
    """By the DI of any level; the version that holds on the day `on`."""
    wanted = str(visit.request.path_params["di"])
    on = _day(visit)
    found = await visit.read(lambda connection: views.device(connection, wanted, on=on))
    say = visit.say
    called, other = _names(visit, found)
    title(visit, called or found["number"], el("p", other) if other else None, chip(found["number"], "quiet"))
    show(form([field(say("devices.on"), "on", visit.asked("on"), say("devices.on_hint"))], say("frame.show"), f"/devices/{wanted}"))
    basic = found.get("basic_udi_di")
    show(
        facts(
            [
                (say("devices.basic"), link(basic, "/devices", cls="key", model=basic) if basic else "–"),
                (
                    say("devices.udi_di"),
                    [el("span", found["number"], cls="key"), " ", visit.word("di_issuer", found["issuer"]) if found.get("issuer") else ""],
                ),
                (say("devices.model"), " · ".join(filter(None, (found.get("model"), found.get("catalogue_number"))))),
                (say("devices.kind"), found.get("generic_name_zh" if visit.language == "zh-CN" else "generic_name")),
                (say("devices.pi"), ", ".join(say(f"devices.pi_{name}") for name, stated in (found.get("pi") or {}).items() if stated)),
                (say("devices.sterile"), _flag(visit, (found.get("sterility") or {}).get("sterile"))),
                (say("devices.single_use"), _flag(visit, found.get("single_use"))),
                (say("devices.registers"), link(say("devices.differences"), "/differences", device=found["number"], state="all")),
                (say("devices.said_by"), [[link(one["system"], f"/exchanges/{one['exchange_id']}"), " "] for one in found["sources"]]),
            ]
        )
    )
    show(section(say("devices.levels"), _levels(visit, found)))
    if found.get("versions"):
        show(section(say("devices.versions"), _versions(visit, found)))


def _day(visit: Visit) -> date:
    """The day that is asked for; today where none is. Raises InvalidError for a text that is no day."""
    asked = visit.asked("on")
    try:
        return visit.hub.clock.now().date() if asked is None else date.fromisoformat(asked)
    except ValueError as error:
        raise InvalidError(visit.say("devices.no_day", text=asked)) from error


def _names(visit: Visit, one: Mapping[str, Any]) -> tuple[str, str]:
    """What it is called in the person's language, and in the other."""
    names = [str(one.get(name) or "") for name in (("name_zh", "name") if visit.language == "zh-CN" else ("name", "name_zh"))]
    return (names[0], names[1]) if names[0] else (names[1], "")


def _flag(visit: Visit, stated: bool | None) -> str | None:
    return None if stated is None else visit.say("frame.yes" if stated else "frame.no")


def _line(visit: Visit, one: Mapping[str, Any]) -> Html:
    called, other = _names(visit, one)
    basic = one.get("basic_udi_di")
    begun = next((version["begins_on"] for version in one.get("versions", ()) if version["in_effect"]), None)
    return row(
        link(one["number"], f"/devices/{one['number']}", cls="key", on=visit.asked("on")),
        [called, el("small", other, cls="below")],
        one.get("model"),
        link(basic, "/devices", cls="key", model=basic) if basic else "–",
        (len(one.get("packages") or ()), "num"),
        (begun or "–", "time"),
    )


def _levels(visit: Visit, found: Mapping[str, Any]) -> Html:
    """From the single device to the largest package: what each holds, and how many devices are in it."""
    say = visit.say
    heads: list[Child | tuple[Child, str]] = [
        say("devices.level"), "DI", say("devices.holds"), (say("devices.devices_in"), "num"), say("devices.status"),
    ]  # fmt: skip
    base = int(found.get("base_quantity") or 1)
    rows = []
    if found.get("unit_of_use_di"):
        rows.append(row(say("devices.unit_of_use"), el("span", found["unit_of_use_di"], cls="key"), "", ("1", "num"), ""))
    rows.append(row(say("devices.base"), el("span", found["number"], cls="key"), "", (str(base), "num"), ""))
    for package, inside in _counted(found["number"], base, found.get("packages") or ()):
        status = package.get("status")
        rows.append(
            row(
                package.get("kind") or say("devices.package"),
                el("span", package["di"], cls="key"),
                [f"{package['quantity']} × ", el("span", package["contains"], cls="key")],
                ("–" if inside is None else str(inside), "num"),
                [visit.word("market_status", status) if status else "", " ", package.get("withdrawn_on") or ""],
            )
        )
    return table(heads, rows, cls="numbers")


def _counted(number: str, base: int, packages: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], int | None]]:
    """Packages from the smallest to the largest with the devices in each; null where what one holds is not known."""
    inside: dict[str, int] = {number: base}
    left = list(packages)
    while ready := [one for one in left if one["contains"] in inside and one["di"] not in inside]:
        inside |= {one["di"]: one["quantity"] * inside[one["contains"]] for one in ready}
        left = [one for one in left if one["di"] not in inside]
    return sorted(((one, inside.get(one["di"])) for one in packages), key=lambda pair: (pair[1] is None, pair[1] or 0, pair[0]["di"]))


def _versions(visit: Visit, found: Mapping[str, Any]) -> Html:
    say = visit.say
    rows = (
        row(
            link(one["begins_on"], f"/devices/{found['number']}", on=one["begins_on"]),
            [str(one["revision"] or "–"), " ", chip(say("devices.in_effect"), "ok") if one["in_effect"] else ""],
            (when(one["issued_at"]), "time"),
            link(str(one["exchange_id"]), f"/exchanges/{one['exchange_id']}"),
        )
        for one in reversed(found["versions"])
    )
    return table([say("devices.since"), say("devices.revision"), say("devices.issued"), say("devices.message")], rows)
