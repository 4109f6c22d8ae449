"""The story agrees with itself wherever no fault is planted, and disagrees exactly where one is."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.demonstration import Story, generate
from hub.demonstration.faults import COMES_ALONG, RULES_OF_KIND, SHOWN_BY, PlantedFault
from hub.site import Site
from tests.hub.demonstration.conftest import NOW
from tests.hub.demonstration.papers import Papers, interchange, read

SITE = Path(__file__).parents[3] / "deploy" / "site"
STAMP = re.compile(rb'(?:(?:counted|issued|occurred|despatched|exported)_at": "|<ReceivedAt>)([0-9T:+-]+)')
REFUSED = {
    "wrong_check_digit", "interchange_repeated", "control_reused", "empty_file", "binary_file", "truncated_interchange",
    "wrong_segment_count",
    "wrong_interchange_control", "unknown_set", "unknown_version", "unknown_partner", "another_partners_envelope", "wrong_receiver",
    "xml_with_doctype", "json_duplicate_key", "csv_missing_column", "wrong_charset",
}  # fmt: skip


def papers_of(story: Story) -> Papers:
    bad = {fault.subject["document"] for fault in story.faults if fault.kind in REFUSED}
    return read(story.folder, [arrival.path for arrival in story.arrivals if arrival.path not in bad])


def of_kind(story: Story, kind: str) -> list[PlantedFault]:
    return [fault for fault in story.faults if fault.kind == kind]


def planted(story: Story, kind: str) -> Any:
    return sorted(((f.subject["order_number"], f.subject["order_line"]), dict(f.values)) for f in of_kind(story, kind))


def digits_are_right(key: str) -> bool:
    weighed = sum(int(digit) * (1 if place % 2 == 0 else 3) for place, digit in enumerate(reversed(key)))
    return weighed % 10 == 0


def test_every_kind_of_fault_is_there_one_to_three_times(story: Story) -> None:
    counts = Counter(fault.kind for fault in story.faults)
    assert set(counts) == set(RULES_OF_KIND) == set(SHOWN_BY)
    assert set(COMES_ALONG) <= set(RULES_OF_KIND)
    assert max(counts.values()) <= 3


def test_faults_json_says_the_same_and_each_entry_can_be_told_from_the_others(story: Story) -> None:
    entries = json.loads((story.folder / "faults.json").read_text(encoding="utf-8"))
    assert entries == [fault.as_json() for fault in story.faults]
    assert len({json.dumps([e["kind"], e["subject"]], sort_keys=True) for e in entries}) == len(entries)
    paths = {arrival.path for arrival in story.arrivals}
    assert {e["subject"]["document"] for e in entries if "document" in e["subject"]} <= paths


def test_seeds_differ_in_items_numbers_and_where_the_faults_are(tmp_path: Path) -> None:
    one, two = (generate(tmp_path / str(seed), seed, NOW) for seed in (1, 2))
    assert set(one.replies).isdisjoint(two.replies)
    assert papers_of(one).keys["gtin"] != papers_of(two).keys["gtin"]
    assert [f.subject for f in one.faults] != [f.subject for f in two.faults]


def test_same_seed_and_moment_give_the_same_bytes_and_order(tmp_path: Path) -> None:
    one, two = (generate(tmp_path / name, 7, NOW) for name in ("one", "two"))
    assert one.arrivals == two.arrivals
    assert one.faults == two.faults and one.curl_sample == two.curl_sample
    for path in [arrival.path for arrival in one.arrivals] + ["faults.json"]:
        assert (one.folder / path).read_bytes() == (two.folder / path).read_bytes()


def test_all_dates_follow_the_clock(tmp_path: Path) -> None:
    """Twenty years on, no date of the first story is left; identifiers, quantities and faults are the same ones."""
    later = NOW.replace(year=NOW.year + 20)
    here, there = generate(tmp_path / "here", 3, NOW), generate(tmp_path / "there", 3, later)
    assert [f.kind for f in here.faults] == [f.kind for f in there.faults]
    assert list(here.replies) == list(there.replies)
    assert papers_of(here).keys == papers_of(there).keys
    assert {a.at.year for a in there.arrivals} <= {later.year - 1, later.year}
    years = {int(y) for a in there.arrivals for y in re.findall(rb"(?<!\d)(20\d\d)-[01]\d-[0-3]\d", (there.folder / a.path).read_bytes())}
    assert years and min(years) >= later.year - 11 and max(years) <= later.year + 11
    shifted = {a.at - b.at for a, b in zip(there.arrivals, here.arrivals, strict=True)}
    assert max(shifted) - min(shifted) <= timedelta(hours=1), "only summer time may move by an hour"


@pytest.mark.parametrize("hour", [0, 15, 16, 22, 23])
def test_nothing_happens_after_now_at_any_time_of_day(folder: Path, hour: int) -> None:
    now = datetime(2031, 3, 1, hour, 5, tzinfo=UTC)
    story = generate(folder, 4, now)
    assert all(arrival.at <= now for arrival in story.arrivals)
    assert [a.at for a in story.arrivals] == sorted(a.at for a in story.arrivals)
    for arrival in story.arrivals:
        for stamp in STAMP.findall((folder / arrival.path).read_bytes()):
            assert datetime.fromisoformat(stamp.decode()) <= arrival.at


def test_identifiers_are_right_except_the_planted_ones(story: Story) -> None:
    papers = papers_of(story)
    for kind, lengths in (("gtin", {13, 14}), ("gln", {13}), ("sscc", {18})):
        assert papers.keys[kind] and {len(key) for key in papers.keys[kind]} <= lengths
        assert [key for key in papers.keys[kind] if not digits_are_right(key)] == []
    assert all(gtin[:3] in ("699", "439") or gtin[1:4] in ("699", "439") for gtin in papers.keys["gtin"])
    for fault in of_kind(story, "wrong_check_digit"):
        assert not digits_are_right(fault.values["gtin"])
        assert digits_are_right(fault.values["gtin"][:-1] + fault.values["expected"])
        _, sets = interchange((story.folder / fault.subject["document"]).read_bytes())
        place = fault.values["place"]
        assert sets[0][place["position"] - 1][place["element"]].zfill(14) == fault.values["gtin"]


def test_the_cast_has_its_size(story: Story) -> None:
    papers = papers_of(story)
    assert 17 <= len(papers.items) <= 22 and {row["kind"] for row in papers.items.values()} == {"raw", "component", "finished"}
    assert 14 <= len(papers.parties) <= 16
    made = {row["gtin_each"].zfill(14): row for row in papers.items.values() if row["kind"] == "finished" and not row["supplier_code"]}
    assert papers.devices.keys() == made.keys(), "every device that NovaMed makes has its record"
    for di, device in papers.devices.items():
        (level,) = device["packages"]
        assert (level["di"], level["contains"], str(level["quantity"])) == (made[di]["gtin_case"], di, made[di]["case_quantity"])
    assert 28 <= len(story.replies) <= 42
    assert any(number.startswith("NC-") for number in story.replies) and any(number.startswith("45") for number in story.replies)
    assert papers.serials and len(papers.serials) == len(set(papers.serials))


def test_orders_disagree_exactly_where_planted(story: Story) -> None:
    found: dict[str, list[Any]] = defaultdict(list)
    today = story.now.date().isoformat()
    for key, line in sorted(papers_of(story).lines.items()):
        quantity, unit, price = line.ordered
        assert unit, f"{key} was never ordered"
        assert all(confirmed == (quantity, unit) for confirmed in line.confirmed)
        units = {stated for rows in line.despatched.values() for *_, stated in rows} | {stated for _, stated, _ in line.invoiced}
        despatched = sum((q for rows in line.despatched.values() for _, q, _ in rows), Decimal(0))
        received = sum((q for _, q, _ in line.received), Decimal(0))
        if "CA" in units:
            each = quantity / despatched
            found["unit_convertible"].append((key, {"stated_unit": "CS", "each": f"{each}"}))
            despatched *= each
        if not line.despatched:
            assert line.requested > today and not line.received and not line.invoiced, f"{key} is late"
            continue
        if despatched < quantity:
            found["short_shipment"].append((key, {"ordered": f"{quantity}", "despatched": f"{despatched}"}))
        if received != despatched:
            found["receipt_difference"].append((key, {"despatched": f"{despatched}", "received": f"{received}"}))
        shipped = {lot for rows in line.despatched.values() for lot, *_ in rows}
        for lot, count, _ in line.received:
            if lot not in shipped:
                found["lot_never_shipped"].append((key, lot, f"{count}"))
        ((billed, stated, asked),) = line.invoiced
        if stated != unit:
            found["unit_not_convertible"].append((key, {"stated_unit": stated, "each": None}))
            continue
        if asked != price:
            found["price_difference"].append((key, {"ordered": f"{price.normalize():f}", "invoiced": f"{asked.normalize():f}"}))
        if billed != received:
            found["invoiced_too_much"].append((key, {"received": f"{received}", "invoiced": f"{billed}"}))
    assert found.pop("lot_never_shipped") == sorted(
        ((f.subject["order_number"], f.subject["order_line"]), f.subject["lot"], f.values["received"])
        for f in of_kind(story, "lot_never_shipped")
    )
    for kind in (
        "short_shipment",
        "receipt_difference",
        "price_difference",
        "invoiced_too_much",
        "unit_convertible",
        "unit_not_convertible",
    ):
        names = found[kind][0][1].keys()
        assert found[kind] == [(key, {name: values[name] for name in names}) for key, values in planted(story, kind)], kind


def test_stock_agrees_except_where_planted_and_follows_from_the_movements(story: Story) -> None:
    papers = papers_of(story)
    sites = {location for _, location in papers.stock}
    found = {}
    expired = set()
    for site in sites:
        book, count = papers.stock[("erp", site)][1], papers.stock[("wms", site)][1]
        for gtin, lot, status in book.keys() | count.keys():
            here, there = book.get((gtin, lot, status), Decimal(0)), count.get((gtin, lot, status), Decimal(0))
            if here != there:
                found[(site, gtin, lot)] = {"erp": f"{here.normalize():f}", "wms": f"{there.normalize():f}"}
            (expires_on,) = papers.expiry[(gtin, lot)]
            if status == "available" and expires_on < story.now.date().isoformat():
                expired.add((site, gtin, lot, expires_on))
    assert found == {(f.subject["location"], f.subject["gtin"], f.subject["lot"]): f.values for f in of_kind(story, "systems_disagree")}
    assert expired == {
        (f.subject["location"], f.subject["gtin"], f.subject["lot"], f.values["expires_on"]) for f in of_kind(story, "expired_available")
    }
    opening = _paths(story, "erp/stock_")[:2]
    start = read(story.folder, opening).stock
    for site in sites:
        at_first, in_the_end = start[("erp", site)][1], papers.stock[("erp", site)][1]
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for (gtin, lot, _), quantity in at_first.items():
            sums[(gtin, lot)] += quantity
        for place, gtin, lot, quantity in papers.moves:
            if place == site:
                sums[(gtin, lot)] += quantity
        assert {key: q for key, q in sums.items() if q} == {(gtin, lot): q for (gtin, lot, _), q in in_the_end.items()}


def test_one_lot_has_one_expiry_date_everywhere(story: Story) -> None:
    papers = papers_of(story)
    assert {key: dates for key, dates in papers.expiry.items() if len(dates) != 1} == {}


def test_suppliers_entered_twice_share_a_tax_number_and_nothing_else(story: Story) -> None:
    papers = papers_of(story)
    codes: dict[str, list[str]] = defaultdict(list)
    for code, party in papers.parties.items():
        if "tax_number" in party:
            codes[party["tax_number"]].append(code)
    doubled = {tax: sorted(found) for tax, found in codes.items() if len(found) > 1}
    assert doubled == {f.subject["tax_number"]: f.subject["codes"] for f in of_kind(story, "supplier_twice")}
    glns = [party["gln"] for party in papers.parties.values() if "gln" in party]
    assert len(glns) == len(set(glns))


def test_changed_orders_arrive_before_their_originals(story: Story) -> None:
    revisions = papers_of(story).revisions
    assert {number: seen for number, seen in revisions.items() if seen != [1]} == {
        f.subject["order_number"]: [2, 1] for f in of_kind(story, "change_before_original")
    }


def test_older_snapshots_arrive_last(story: Story) -> None:
    late = of_kind(story, "older_snapshot_last")
    assert {a.path for a in story.arrivals[-len(late) :]} == {f.subject["document"] for f in late}
    assert all(f.subject["counted_at"] < f.values["stands"] for f in late)


def test_control_numbers_are_gapless_in_order_of_arrival_and_leave_room_for_997s(story: Story) -> None:
    foreign = {"unknown_partner", "another_partners_envelope", "wrong_receiver"}
    seen: dict[tuple[str, str], list[int]] = defaultdict(list)
    skipped = {
        f.subject["document"]
        for f in story.faults
        if f.kind in foreign | {"interchange_repeated", "control_reused", "empty_file", "binary_file"}
    }
    for arrival in story.arrivals:
        if arrival.path.endswith(".edi") and arrival.path not in skipped:
            head = (story.folder / arrival.path).read_bytes()[:106].decode()
            seen[(head[35:50].strip(), head[54:69].strip())].append(int(head[90:99]))
    assert seen.keys() == story.spare_controls.keys()
    for pair, controls in seen.items():
        kept = story.spare_controls[pair]
        assert kept + controls == list(range(1, len(kept) + len(controls) + 1))


def test_repeats_are_the_same_bytes_and_conflicts_are_not(story: Story) -> None:
    first: dict[tuple[str, str, str], bytes] = {}
    for arrival in story.arrivals:
        content = (story.folder / arrival.path).read_bytes()
        if not content.startswith(b"ISA"):
            continue
        head = content[:106].decode()
        original = first.setdefault((head[35:50], head[54:69], head[90:99]), content)
        kinds = {f.kind for f in story.faults if f.subject.get("document") == arrival.path}
        if "interchange_repeated" in kinds:
            assert content == original and content is not original
        elif "control_reused" in kinds:
            assert content != original
            interchange(content)
        else:
            assert content is original, f"{arrival.path} reuses a control number"


def test_bad_files_are_bad_in_the_way_they_say(story: Story) -> None:
    def bytes_of(kind: str) -> list[bytes]:
        return [(story.folder / f.subject["document"]).read_bytes() for f in of_kind(story, kind)]

    assert set(bytes_of("empty_file")) == {b""}
    assert all(content.startswith(b"\x89PNG") for content in bytes_of("binary_file"))
    for kind, complaint in (
        ("truncated_interchange", "terminator"), ("wrong_segment_count", "SE"), ("wrong_interchange_control", "control numbers"),
        ("unknown_version", "version"),
    ):  # fmt: skip
        for content in bytes_of(kind):
            with pytest.raises(AssertionError, match=complaint):
                interchange(content)
    assert all(interchange(content)[1][0][0][1] == "864" for content in bytes_of("unknown_set"))
    assert all(b"<!DOCTYPE" in content and b"&hosts;" in content for content in bytes_of("xml_with_doctype"))
    for content in bytes_of("json_duplicate_key"):
        with pytest.raises(ValueError, match="quantity"):
            json.loads(content, object_pairs_hook=_unique)
    assert all(b"base_unit" not in content.splitlines()[0] for content in bytes_of("csv_missing_column"))
    for content in bytes_of("wrong_charset"):
        with pytest.raises(UnicodeDecodeError):
            content.decode("utf-8")
        content.decode("gb18030")


def test_every_arrival_belongs_to_a_flow_of_the_site_and_lies_where_it_looks(story: Story) -> None:
    site = Site.load(SITE)
    for arrival in story.arrivals:
        flow, agreement = site.flows[arrival.flow], site.agreements[arrival.agreement]
        assert (
            flow.agreement == arrival.agreement and agreement.partner == arrival.partner and agreement.organisation == arrival.organisation
        )
        folder, _, name = arrival.path.rpartition("/")
        assert folder == flow.transport["folder"] and Path(name).match(flow.transport["pattern"])
        file = story.folder / arrival.path
        assert file.stat().st_mtime == arrival.at.timestamp()
        others = [
            f
            for f in site.flows.values()
            if f.direction == "in" and f.transport["folder"] == folder and Path(name).match(f.transport["pattern"])
        ]
        assert others == [flow], f"{arrival.path} is fetched by several flows"


def test_a_bare_file_name_tells_which_file_is_meant(story: Story) -> None:
    names = [arrival.path.rpartition("/")[2] for arrival in story.arrivals]
    assert len(names) == len(set(names))


def test_large_stories_hold_together_too(folder: Path) -> None:
    story = generate(folder, 11, NOW, scale="large")
    assert len(story.replies) == 600
    test_orders_disagree_exactly_where_planted(story)
    test_stock_agrees_except_where_planted_and_follows_from_the_movements(story)


def test_a_moment_without_offset_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="offset"):
        generate(folder, 1, datetime(2026, 11, 22, 9, 30))  # noqa: DTZ001


def _paths(story: Story, part: str) -> list[str]:
    return [arrival.path for arrival in story.arrivals if part in arrival.path]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} stands twice")
    return dict(pairs)
