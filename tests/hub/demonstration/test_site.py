"""`deploy/site/` names the same cast as the generator, and says what the demonstration needs."""

from __future__ import annotations

from pathlib import Path

from data_contracts.rules.catalogue import all_rules
from hub.demonstration import company
from hub.demonstration.faults import COMES_ALONG, RULES_OF_KIND, SHOWN_BY
from hub.demonstration.identifiers import check_digit, credit_code, gln, gtin14, sscc, with_wrong_check_digit
from hub.site import Site

SITE = Site.load(Path(__file__).parents[3] / "deploy" / "site")


def test_organisations_and_partners_are_the_cast() -> None:
    assert {key: (o.name, o.name_zh, o.gln, o.time_zone, o.currency) for key, o in SITE.organisations.items()} == {
        o.key: (o.name, o.name_zh, o.gln, o.zone.key, o.currency) for o in company.ORGANISATIONS
    }
    codes = {entry.code: entry for entry in company.PARTIES}
    for supplier in company.SUPPLIERS:
        partner = SITE.partners[supplier.key]
        assert (partner.name, partner.gln, partner.party) == (supplier.name, supplier.gln, supplier.code)
        assert codes[supplier.code].gln == supplier.gln
    assert {p.kind for p in SITE.partners.values()} == {"erp", "wms", "mes", "qms", "supplier", "customer"}


def test_every_mailbox_has_an_agreement_each_way_in_the_suppliers_version() -> None:
    for channel in company.CHANNELS:
        inward = SITE.agreements[channel.flow]
        assert inward.envelope is not None
        assert (inward.envelope.sender, inward.envelope.receiver) == (f"ZZ:{channel.supplier.x12_id}", f"ZZ:{channel.organisation.x12_id}")
        assert {(m.type, m.version) for m in inward.messages} == {(code, channel.supplier.version) for code in ("855", "856", "810")}
        assert inward.acknowledge.functional == "always"
        outward = SITE.agreements[channel.flow.removesuffix("_in") + "_out"]
        assert outward.envelope is not None and outward.acknowledge.expect_within_hours == 24
        assert (outward.envelope.sender, outward.envelope.receiver) == (inward.envelope.receiver, inward.envelope.sender)
        flows = [flow for flow in SITE.flows.values() if flow.agreement == outward.agreement]
        assert [flow.on["supplier"] for flow in flows] == [channel.supplier.code]


def test_acknowledgements_go_by_different_routes_and_own_systems_get_none() -> None:
    routes = {a.agreement: a.acknowledge.route["use"] for a in SITE.agreements.values() if a.acknowledge.functional == "always"}
    assert routes == {"jiangnan_polymer_in": "folder", "rheintal_titan_suzhou_in": "response", "rheintal_titan_rotterdam_in": "response"}
    own = [a for a in SITE.agreements.values() if SITE.partners[a.partner].kind in ("erp", "wms", "mes")]
    assert own and all(a.acknowledge.functional == "never" for a in own)


def test_inward_flows_have_schedules_and_the_webhook_is_off() -> None:
    assert all(flow.schedule for flow in SITE.flows.values() if flow.direction == "in")
    webhooks = [flow for flow in SITE.flows.values() if flow.transport["use"] == "webhook"]
    assert [(flow.flow, flow.enabled) for flow in webhooks] == [("stadtspital_despatches", False)]


def test_rules_that_faults_name_are_documented_rules_or_states() -> None:
    named = {rule for kind, rule in RULES_OF_KIND.items() if SHOWN_BY[kind] in ("finding", "discrepancy")}
    named |= {rule for rules in COMES_ALONG.values() for rule in rules}
    assert named <= set(all_rules())
    assert {RULES_OF_KIND[kind] for kind, shown in SHOWN_BY.items() if shown in ("exchange", "subject")} == {"superseded", "cancelled"}


def test_identifiers_are_made_as_the_standards_say() -> None:
    assert check_digit("400638133393") == "1"
    assert gln("761234500", 0)[-1] == check_digit("761234500000")
    assert gtin14("4006381333931", 1) == "14006381333938"
    assert len(sscc(company.NOVAMED, 1)) == 18
    assert with_wrong_check_digit("4006381333931") == "4006381333934"
    assert credit_code("91350100M000100Y4") == "91350100M000100Y43"
