"""What a schedule reads of a site: light, named errors, no Airflow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dags.plan import planned
from data_contracts.errors import ConfigError
from hub.site import Site
from tests.dags.mailbox import SITE

ROOT = Path(__file__).parents[2]
GOOD = """# Orders of the plant.
# Every hour.
version: 1
flow: orders
direction: in
agreement: orders
transport: {use: folder, folder: in}
schedule: "5 * * * *"
"""


def site(folder: Path, **files: str) -> Path:
    (folder / "flows").mkdir()
    for name, text in files.items():
        (folder / "flows" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_every_enabled_flow_of_the_demonstration_is_planned() -> None:
    flows = Site.load(SITE).flows
    found = {flow.flow: flow for flow in planned(site=SITE)}
    assert set(found) == {name for name, flow in flows.items() if flow.enabled}
    assert {name: (flow.direction, flow.agreement, flow.transport, flow.schedule) for name, flow in found.items()} == {
        name: (flow.direction, flow.agreement, flow.transport["use"], flow.schedule) for name, flow in flows.items() if flow.enabled
    }


def test_a_flow_says_what_it_is_for(tmp_path: Path) -> None:
    (flow,) = planned(site=site(tmp_path, orders=GOOD))
    assert flow.about == "Orders of the plant. Every hour."
    assert flow.tags == ["udihub", "in", "folder", "orders"]
    assert flow.text == GOOD


def test_a_flow_of_extracts_has_a_register_for_an_agreement(tmp_path: Path) -> None:
    text = GOOD.replace("flow: orders", "flow: gudid").replace("agreement: orders", "compare: gudid")
    (flow,) = planned(site=site(tmp_path, gudid=text))
    assert (flow.flow, flow.agreement, flow.schedule) == ("gudid", "gudid", "5 * * * *")


def test_a_tasks_process_reads_its_own_flow_only(tmp_path: Path) -> None:
    folder = site(tmp_path, orders=GOOD, broken="flow: [")
    assert [flow.flow for flow in planned("orders", folder)] == ["orders"]


def test_a_flow_in_a_file_of_another_name_is_found(tmp_path: Path) -> None:
    folder = site(tmp_path, receipts=GOOD, orders=GOOD.replace("flow: orders", "flow: receipts"))
    assert [(flow.flow, flow.text == GOOD) for flow in planned("orders", folder)] == [("orders", True)]


def test_a_flow_that_is_switched_off_has_no_plan(tmp_path: Path) -> None:
    assert planned(site=site(tmp_path, orders=GOOD + "enabled: false\n")) == []


def test_a_site_without_flows_has_no_plan(tmp_path: Path) -> None:
    assert planned(site=tmp_path) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("flow: [", "not readable as YAML"),
        ("- a\n", "a mapping"),
        (GOOD.replace("flow: orders", "flow: or/ders"), "flow: expected"),
        (GOOD.replace("direction: in\n", ""), "direction: expected"),
        (GOOD.replace("{use: folder, folder: in}", "folder"), "use: expected"),
    ],
)
def test_a_mistake_names_file_and_field(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named) as caught:
        planned(site=site(tmp_path, orders=text))
    assert "orders.yaml" in str(caught.value)


def test_two_files_of_one_flow_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there twice"):
        planned(site=site(tmp_path, orders=GOOD, again=GOOD))


def test_reading_the_plan_opens_neither_hub_nor_airflow() -> None:
    code = (
        "import sys; from pathlib import Path; from dags.plan import planned; assert planned(site=Path(sys.argv[1]));"
        "print([m for m in sys.modules if m.split('.')[0] in ('airflow', 'sqlalchemy', 'pydantic', 'lxml', 'connectors', 'mappings')])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(SITE)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
