"""`udihub grammar draft`: what is proposed from samples reads those samples, and what they do not say is left to a person."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
import yaml
from typer.testing import CliRunner, Result

from connectors.draft_values import seen
from connectors.feed import parse_grammar
from connectors.registry import format_named
from connectors.spec import Profile
from data_contracts.canonical import ENTITIES
from data_contracts.errors import ConfigError
from data_contracts.vocabulary import meaning_of
from hub.cli import application
from hub.drafting import draft_feed
from mappings.engine import Context, load
from tests.connectors.reading import Read, read
from tests.mappings.trees import without_places

SAMPLES = Path(__file__).parents[1] / "samples"
FEEDS = [
    pytest.param(path, id=f"{path.parent.name}/{path.name}")
    for folder in ("delimited", "fixed", "json", "spreadsheet", "xml")
    for path in sorted((SAMPLES / folder).glob("*"))
    if path.stem != "k3cloud_purchase_order_query"
]


def taken(draft, path: Path, folder: Path) -> Read:  # type: ignore[no-untyped-def]
    """The sample read by the drafted grammar."""
    for room, text in (("grammars", draft.grammar), ("mappings", draft.mapping)):
        target = folder / room / draft.format / f"{draft.name}.yaml"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return read(draft.format, path.read_bytes(), draft.name, Profile(options={"grammar_folders": [str(folder / "grammars")]}))


@pytest.mark.parametrize("path", FEEDS)
def test_a_draft_reads_its_own_samples_and_says_why(path: Path, tmp_path: Path) -> None:
    draft = draft_feed([path])
    grammar = parse_grammar(draft.grammar.encode(), "draft", draft.name, draft.format)
    assert grammar.format == path.parent.name and grammar.fields
    found = taken(draft, path, tmp_path)
    assert found.unreadable is None and found.messages
    # A record that is empty in every sample (`NeedReturnData: [{}]`, EUDAMED's `description: {texts: []}`) cannot be described; it is told
    # when it comes.
    empty = {"NeedReturnData", *(("description",) if path.stem == "eudamed_device" else ())}
    told = [f for m in found.messages for f in m.findings if f.got not in empty]
    assert not [f for f in told if f.severity == "error" or f.rule == "FED-10"]
    described = [line for line in draft.grammar.partition("fields:\n")[2].splitlines() if "type: " in line and "{" in line]
    assert described and all("%: " in line for line in described)
    assert yaml.safe_load(draft.mapping)["entity"] == draft.entity
    assert draft.mapping.count("# TODO") >= len(draft.missing)


@pytest.mark.parametrize(
    ("path", "entity"),
    [
        ("delimited/erp_orders.csv", "PurchaseOrder"),
        ("delimited/erp_orders_gb18030.csv", "PurchaseOrder"),
        ("delimited/erp_stock.csv", "InventoryReport"),
        ("json/erp_orders.json", "PurchaseOrder"),
        ("json/wms_stock.json", "InventoryReport"),
        ("json/wms_despatches.json", "DespatchAdvice"),
        ("json/odata_v2_purchase_orders.json", "PurchaseOrder"),
    ],
)
def test_a_complete_draft_maps_its_samples(path: str, entity: str, tmp_path: Path) -> None:
    sample = SAMPLES / path
    draft = draft_feed([sample])
    assert (draft.entity, draft.missing) == (entity, ())
    found = taken(draft, sample, tmp_path)
    mapping = load(f"{draft.format}/{draft.name}", [tmp_path / "mappings"])
    for message in found.messages:
        assert message.root is not None
        mapped = mapping.read(message.root, Context(time_zone="Asia/Shanghai"))
        assert [finding.rule for finding in mapped.findings if finding.rule == "MAP-02"] == []
        assert mapped.entity is not None
        plain = without_places(mapped.entity)
        ENTITIES[plain.pop("entity")].model_validate(plain)


def test_the_drafted_order_says_what_the_shipped_mapping_says(tmp_path: Path) -> None:
    sample = SAMPLES / "delimited" / "erp_orders.csv"
    taken(draft_feed([sample]), sample, tmp_path)
    ours, shipped = load("delimited/erp_orders", [tmp_path / "mappings"]), load("delimited/erp_orders")
    for mine, theirs in zip(
        read("delimited", sample.read_bytes(), "erp_orders", Profile(options={"grammar_folders": [str(tmp_path / "grammars")]})).messages,
        read("delimited", sample.read_bytes(), "erp_orders").messages,
        strict=True,
    ):
        assert mine.root is not None and theirs.root is not None
        context = Context(time_zone="Europe/Amsterdam")
        drafted, known = ours.read(mine.root, context).entity, shipped.read(theirs.root, context).entity
        assert drafted is not None and known is not None
        for name in ("number", "revision", "purpose", "issued_at", "currency"):
            assert drafted.get(name) == known.get(name)
        for line, other in zip(drafted["lines"], known["lines"], strict=True):
            assert {k: line.get(k) for k in ("line", "quantity", "unit", "unit_price", "requested_on", "gtin")} == {
                k: other.get(k) for k in ("line", "quantity", "unit", "unit_price", "requested_on", "gtin")
            }


def test_chinese_headers_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "库存.csv"
    rows = ["仓库,盘点日期,物料编码,批号,有效期至,数量,单位,状态"]
    rows += [f"SZ01,2026/11/22,RM-000{n},L26-{n},2028/{n:02d}/15,{n}2.5,个,可用" for n in range(1, 9)]
    path.write_bytes("\r\n".join(rows).encode("gb18030"))
    draft = draft_feed([path], "stock")
    assert draft.entity == "InventoryReport" and draft.records == 8
    body = yaml.safe_load(draft.mapping)
    assert {row["to"]: row["from"] for row in body["each"][0]["fields"] if "from" in row} == {
        "item_code": "物料编码",
        "lot": "批号",
        "expires_on": "有效期至",
        "quantity": "数量",
        "unit": "单位",
        "status": "状态",
    }
    assert "charsets: [gb18030]" in draft.grammar and "date_slashed_ymd" in draft.grammar


@pytest.mark.parametrize(
    ("values", "name", "kind", "reason"),
    [
        (["01/02/2026", "03/04/2026"], "date", "text", "day or month first"),
        (["01/02/2026", "31/12/2026"], "date", "date_slashed_dmy", "only this order"),
        (["01/02/2026", "12/31/2026"], "date", "date_slashed_mdy", "only this order"),
        (["01-02-2026", "03-04-2026"], "date", "text", "set date_dashed_dmy or _mdy"),
        (["01-02-2026", "31-12-2026"], "date", "date_dashed_dmy", "only this order"),
        (["01/02/26", "03/04/26"], "date", "text", "YY/MM/DD would fit too"),
        (["01/02/55", "31/12/55"], "date", "date_slashed_dmy_short", "20YY"),
        (["99/12/31", "98/01/31"], "date", "text", "no type reads it"),
        (["22.11.26", "03.01.27"], "date", "date_dotted_short", "YY.MM.DD would fit too"),
        (["22-Nov-2026", "1 dec 2026"], "date", "date_month_name", "DD-Mon-YYYY"),
        (["22-NOV-26"], "date", "date_month_name_short", "20YY"),
        (["2026年11月22日", "2026年1月5日"], "date", "date_chinese", "YYYY年M月D日"),
        (["1,234", "5,678"], "qty", "text", "decimal or the thousands"),
        (["1,234", "5,6"], "qty", "decimal", "','"),
        (["1,234.50", "5.6"], "qty", "decimal", "'.'"),
        (["1.234,50", "12"], "qty", "decimal", "','"),
        (["09506000134352", "00761265590476"], "whatever", "text", "gtin"),
        (["009506000000000019"], "pallet", "text", "sscc"),
        (["20261122", "20261201"], "date", "date_compact", "YYYYMMDD"),
        (["20261122", "20261350"], "item", "text", "text"),
        (["0012", "0013"], "anything", "text", "text"),
        (["1001", "1002"], "item_code", "text", "text"),
        (["12", "7"], "qty", "decimal", "whole numbers"),
        ([], "x", "text", "no value"),
    ],
)
def test_what_values_show_and_what_they_leave_open(values: list[str], name: str, kind: str, reason: str) -> None:
    found = seen(values, meaning_of(name))
    assert found.kind == kind and reason in found.reason and 0 < found.sure < 100


def test_the_command_writes_into_a_site_and_never_over_a_file(tmp_path: Path) -> None:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(application(), ["grammar", "draft", *arguments])

    sample = SAMPLES / "json" / "erp_orders.json"
    shown = run(str(sample))
    assert shown.exit_code == 0 and "# --- grammars/json/erp_orders.yaml" in shown.output and "# --- mappings/json/" in shown.output
    done = run(str(sample), "--out", str(tmp_path / "site"), "--name", "acme orders")
    assert done.exit_code == 0
    assert (tmp_path / "site" / "grammars" / "json" / "acme_orders.yaml").is_file()
    assert (tmp_path / "site" / "mappings" / "json" / "acme_orders.yaml").is_file()
    again = run(str(sample), "--out", str(tmp_path / "site"), "--name", "acme orders")
    assert isinstance(again.exception, ConfigError) and "never writes over" in str(again.exception)
    left = run(str(SAMPLES / "xml" / "qimen_entry_order.xml"))
    assert left.exit_code == 1 and "left to you" in left.output


def test_several_samples_and_samples_that_do_not_fit(tmp_path: Path) -> None:
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("lot,qty\nL1,5\n")
    two.write_text("lot,qty\nL2,5.5\nL3,6\n")
    draft = draft_feed([one, two])
    assert draft.records == 3 and "qty: {type: decimal, required: true}" in draft.grammar
    for content, says in ((b"%PDF-1.7", "looks unknown"), (b'{"a": 1}', "are delimited"), (b"", "looks unknown")):
        two.write_bytes(content)
        with pytest.raises(ConfigError, match=says):
            draft_feed([one, two])
    with pytest.raises(ConfigError, match="No such file"):
        draft_feed([tmp_path / "none.csv"])


def test_a_workbook_is_drafted_by_its_cells(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["订单号", "行号", "物料编码", "数量", "单位", "单价", "订单日期"],
        ["PO1", 1, "RM-1", 5, "个", 1.5, None],
        ["PO1", 2, "RM-2", 6, "个", 2, None],
    ):
        book.active.append(row)
    book.save(tmp_path / "orders.xlsx")
    draft = draft_feed([tmp_path / "orders.xlsx"])
    assert (draft.format, draft.entity, draft.missing) == ("spreadsheet", "PurchaseOrder", ("issued_at",))
    assert "by: [" in draft.grammar and format_named("spreadsheet").name == "spreadsheet"


def test_a_price_list_is_drafted_as_one(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    rows = ["Supplier,Item,GTIN,Unit,List price,Currency,Valid from,Valid to,MOQ"]
    rows += [f"V1,RM-{n},,EA,{n}.50,EUR,2026-01-01,2026-12-31,{n * 10}" for n in range(1, 6)]
    path.write_text("\n".join(rows))
    draft = draft_feed([path], "list")
    assert (draft.entity, set(draft.missing)) == ("PriceCatalogue", {"number", "issued_at"})
    (each,) = yaml.safe_load(draft.mapping)["each"]
    assert {"unit_price", "valid_from_on", "valid_until_on", "minimum_quantity"} <= {row["to"] for row in each["fields"]}


def test_production_is_drafted_with_what_went_in_and_what_came_out(tmp_path: Path) -> None:
    path = tmp_path / "mes.jsonl"
    lot = '"materialNo": "A-{0}", "lot": "L{0}", "qty": 1{0}, "uom": "EA"'
    event = '{{"eventId": "EV-{0}", "eventTime": "2026-11-2{0}T01:15:00+08:00", "workOrder": "MO-{0}", "inputs": [{{' + lot + "}}], "
    event += '"outputs": [{{' + lot + ', "serials": ["S{0}", "T{0}"]}}]}}'
    path.write_text("\n".join(event.format(n) for n in range(1, 6)))
    draft = draft_feed([path], "events")
    assert (draft.entity, draft.missing) == ("ProductionEvent", ())
    body = yaml.safe_load(draft.mapping)
    assert {row["to"]: row["from"] for row in body["fields"]} == {
        "number": "eventId",
        "occurred_at": "eventTime",
        "production_order": "workOrder",
        "issued_at": "eventTime",
    }
    assert [(each["to"], each["at"]) for each in body["each"]] == [("inputs", "inputs"), ("outputs", "outputs")]


def test_a_draft_is_not_sure_of_codes_that_its_table_lacks(tmp_path: Path) -> None:
    path = tmp_path / "库存.csv"
    words = ["合格", "合格", "试用", "冻结"]
    rows = ["仓库,盘点日期,物料编码,数量,单位,状态", *(f"SZ01,2026/11/22,RM-{n},{n}2.5,个,{word}" for n, word in enumerate(words, 1))]
    path.write_text("\n".join(rows), encoding="utf-8")
    (row,) = [line for line in draft_feed([path], "stock").mapping.splitlines() if "codes: stock_status" in line]
    assert "# 66 %: TODO its table lacks 试用" in row


DAYS = {
    "date": "2026-11-22",
    "date_compact": "20261122",
    "date_dotted": "22.11.2026",
    "date_slashed_ymd": "2026/11/22",
    "date_slashed_dmy": "22/11/2026",
    "date_slashed_mdy": "11/22/2026",
    "date_chinese": "2026年11月22日",
    "date_dashed_dmy": "22-11-2026",
    "date_month_name": "22-Nov-2026",
    "date_month_name_short": "22-Nov-26",
    "date_dotted_short": "22.11.26",
    "date_slashed_mdy_short": "11/22/26",
    "date_of_midnight": "2026-11-22 00:00:00",
    "instant": "2026-11-22T08:30:00+08:00",
    "instant_local": "2026-11-22 08:30:00",
    "instant_dotted": "22.11.2026 08:30",
    "instant_slashed_ymd": "2026/11/22 08:30",
    "instant_compact": "20261122083000",
    "odata_date": "/Date(1795305600000)/",
}
HEAD = "order_no;order_date;currency;line;item_code;quantity;unit;unit_price;delivery_date;supplier"


@pytest.mark.parametrize("kind", DAYS)
def test_a_draft_reads_days_of_every_spelling_where_days_and_where_moments_are_wanted(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = [f"450000000{n};{DAYS[kind]};EUR;10;I-1;{n};EA;1.5;{DAYS[kind]};V1" for n in (1, 2, 3)]
    path.write_text("\n".join([HEAD, *rows, ""]), encoding="utf-8")
    draft = draft_feed([path])
    assert draft.missing == () and "no function reads it" not in draft.mapping
    assert yaml.safe_load(draft.grammar)["fields"]["order_date"]["type"] == kind
    found = taken(draft, path, tmp_path)
    mapping = load(f"delimited/{draft.name}", [tmp_path / "mappings"])
    for message in found.messages:
        assert message.root is not None
        mapped = mapping.read(message.root, Context(time_zone="Asia/Shanghai"))
        assert mapped.findings == [] and mapped.entity is not None
        assert mapped.entity["issued_at"].date().isoformat() == "2026-11-22"
        assert [line["requested_on"] for line in mapped.entity["lines"]] == ["2026-11-22"]


def test_a_draft_reads_days_with_and_without_a_time_in_one_column(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    days = ("2026-11-22", "2026-12-31 08:00:00")
    path.write_text("\n".join([HEAD, *(f"45{n};{day};EUR;1;I;2;EA;1;{day};V1" for n, day in enumerate(days)), ""]), encoding="utf-8")
    draft = draft_feed([path])
    found = taken(draft, path, tmp_path)
    mapping = load(f"delimited/{draft.name}", [tmp_path / "mappings"])
    read_ = [mapping.read(message.root, Context(time_zone="UTC")) for message in found.messages if message.root is not None]
    assert [one.findings for one in read_] == [[], []]
    assert [one.entity["lines"][0]["requested_on"] for one in read_ if one.entity] == ["2026-11-22", "2026-12-31"]


HEADS = {
    "DespatchAdvice": "送货单号,物料编码,批号,有效期,数量,单位,单价,供应商",
    "ReceivingAdvice": "入库单号,采购订单号,物料编码,批号,实收数量,单位",
    "DespatchInstruction": "出库通知单号,订单号,收货方,物料编码,批号,数量,单位",
    "InventoryMovement": "单号,仓库,物料编码,批号,调整数量,单位,原因",
    "SalesReport": "编号,期间开始,期间结束,产品编码,批号,销售数量,单位",
    "DeliverySchedule": "Schedule No,Supplier,Item,Week Start,Week End,Forecast Qty,UOM",
    "RemittanceAdvice": "Payment No,Payment Date,Currency,Invoice No,Amount Paid",
    "Device": "Primary DI,Brand Name,Model,GMDN,Risk Class,Single Use",
    "TransportStatus": "Shipment No,Tracking No,Event Code,Event Time,Location,Carrier",
    "Party": "供应商编码,供应商名称,统一社会信用代码,地址,城市,联系电话",
}


@pytest.mark.parametrize("entity", HEADS)
def test_columns_tell_the_entity_whatever_the_file_is_called(entity: str, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"  # a name that speaks for another
    rows = [
        ",".join(f"{index}" if "qty" in name.casefold() or "数量" in name else f"V{index}" for name in HEADS[entity].split(","))
        for index in range(1, 5)
    ]
    path.write_text("\n".join([HEADS[entity], *rows, ""]), encoding="utf-8")
    assert draft_feed([path]).entity == entity


def test_a_person_states_the_entity_and_one_that_there_is_none_of_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("number,item,qty,unit\nA1,RM-1,5,EA\nA1,RM-2,6,EA\n", encoding="utf-8")
    shown = CliRunner().invoke(application(), ["grammar", "draft", str(path), "--entity", "DespatchAdvice"])
    assert "entity: DespatchAdvice" in shown.output and "# Drafted from samples: DespatchAdvice, 100 % sure" in shown.output
    with pytest.raises(ConfigError, match="there is no `Despatch`"):
        draft_feed([path], entity="Despatch")


def test_flat_json_that_shares_an_order_number_is_grouped_and_what_cannot_be_is_said(tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    line = '{{"orderNo": "PO-{0}", "orderDate": "2026-11-22", "lineNo": {1}, "sku": "RM-{1}", "qty": 5, "uom": "EA", "unitPrice": 1.5}}'
    path.write_text("\n".join(line.format(order, at) for order in (1, 2) for at in (1, 2)), encoding="utf-8")
    draft = draft_feed([path])
    assert (draft.missing, draft.advice) == ((), "") and "by: [orderNo]" in draft.grammar and "header: [orderDate]" in draft.grammar
    orders = taken(draft, path, tmp_path).messages
    mapping = load("json/orders", [tmp_path / "mappings"])
    entities = [mapping.read(message.root, Context(time_zone="UTC")).entity for message in orders if message.root is not None]
    assert [(one["number"], [line["line"] for line in one["lines"]]) for one in entities if one] == [
        ("PO-1", ["1", "2"]),
        ("PO-2", ["1", "2"]),
    ]
    path.write_text("\n".join(line.format(order, at) for at in (1, 2) for order in (1, 2)), encoding="utf-8")
    apart = draft_feed([path])
    assert (
        apart.missing == () and apart.advice.startswith("orderNo stands in several records") and f"# TODO {apart.advice}" in apart.grammar
    )
    assert "orderNo 在多条记录中重复" in draft_feed([path], language="zh-CN").advice
    path.write_text("\n".join(line.format(order, 1) for order in (1, 2)), encoding="utf-8")
    assert (draft_feed([path]).advice, "group:" in draft_feed([path]).grammar) == ("", False)


def test_an_answer_takes_its_own_number_and_date_and_not_those_of_the_order(tmp_path: Path) -> None:
    path = tmp_path / "conf.csv"
    head = "ConfirmationNo,PO Number,Order Date,Confirmation Date,Line,Item,Confirmed Qty,UOM,Confirmed Date"
    path.write_text(f"{head}\nC-1,PO-1,2026-11-02,2026-11-05,10,RM-1,5,EA,2026-12-01\n", encoding="utf-8")
    draft = draft_feed([path])
    rows = {row["to"]: row["from"] for row in yaml.safe_load(draft.mapping)["fields"]}
    assert (draft.entity, draft.missing) == ("OrderResponse", ())
    assert rows == {"number": "ConfirmationNo", "order_number": "PO Number", "issued_at": "Confirmation Date"}


def test_a_draft_gives_its_reasons_in_chinese(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text(f"{HEADS['Device']}\n09506000134352,OsteoFix,OF,36266,IIb,true\n09506000134369,OsteoFix,OG,36266,IIb,true\n")
    shown = CliRunner().invoke(application(), ["grammar", "draft", str(path)], env={"UDIHUB_LANG": "zh-CN"})
    comments = [
        line.partition("# ")[2] for line in shown.output.splitlines() if "# " in line and "--- " not in line and "reason: " not in line
    ]
    assert len(comments) > 12 and "TODO issued_at：必填，但样本中没有" in comments and "需由您补充：issued_at" in shown.output
    assert [line for line in comments if not any(letter >= "\u4e00" for letter in line) and line != "ignore:"] == []


def test_what_a_draft_proposes_to_ignore_of_grouped_rows_is_ignored_once_it_is_uncommented(tmp_path: Path) -> None:
    sample = tmp_path / "orders.csv"
    head = "order_number,line,item_code,quantity,unit,order_date,备注\n"
    sample.write_text(f"{head}450001,1,A-1,5,EA,2026-11-20,急\n450001,2,A-2,6,EA,2026-11-20,缓\n", encoding="utf-8")
    draft = draft_feed([sample])
    found = taken(draft, sample, tmp_path)
    for uncommented, told in ((False, ["MAP-01"]), (True, [])):
        text = draft.mapping.replace("# ignore:", "ignore:").replace("#   - {path", "  - {path") if uncommented else draft.mapping
        folder = tmp_path / str(uncommented)
        (folder / "delimited").mkdir(parents=True)
        (folder / "delimited" / "orders.yaml").write_text(text, encoding="utf-8")
        mapping = load("delimited/orders", [folder])
        (message,) = found.messages
        assert message.root is not None
        assert [one.rule for one in mapping.unmapped(message.root, mapping.read(message.root, Context(time_zone="UTC")))] == told


@pytest.mark.parametrize("plain", ["<Note>n</Note>", '<Note xmlns="">n</Note>', '<x:Note xmlns:x="urn:other">n</x:Note>'])
def test_elements_of_several_namespaces_are_drafted_where_they_stand(plain: str, tmp_path: Path) -> None:
    orders = "".join(
        f'<b:Order Nr="{number}"><b:Date>2026-12-0{number}</b:Date><p:Items xmlns:p="urn:p"><p:Item><p:Art>A{number}</p:Art>'
        f"<b:Qty>5</b:Qty></p:Item><p:Item><p:Art>B</p:Art><b:Qty>6</b:Qty></p:Item></p:Items>{plain}</b:Order>"
        for number in (1, 2, 3)
    )
    path = tmp_path / "orders.xml"
    path.write_text(f'<b:Orders xmlns:b="urn:b" xmlns="urn:d">{orders}</b:Orders>', encoding="utf-8")
    found = taken(draft_feed([path]), path, tmp_path)
    assert found.unreadable is None and len(found.messages) == 3
    assert [finding for message in found.messages for finding in message.findings] == []
    root = found.messages[0].root
    assert root is not None and dict(root.values) == {"@Nr": "1", "Date": "2026-12-01", "Note": "n"}  # type: ignore[arg-type]
    assert [dict(item.values) for item in root.children[0].children] == [{"Art": "A1", "Qty": "5"}, {"Art": "B", "Qty": "6"}]  # type: ignore[arg-type]
