"""What a service says of itself, held against what a flow asks: names, types of stamps, and what nobody may ask by."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.odata_metadata import faults, read
from connectors.transports.odata import TRANSPORT
from data_contracts.errors import RefusedError, RetriableError
from tests.peers.spoken_peer import Heard, Said, spoken

TWO = b"""<?xml version="1.0"?>
<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" xmlns:sap="http://www.sap.com/Protocols/SAPData">
 <edmx:DataServices m:DataServiceVersion="2.0" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">
  <Schema Namespace="PO" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">
   <EntityType Name="OrderType"><Key><PropertyRef Name="Order"/></Key>
    <Property Name="Order" Type="Edm.String" Nullable="false"/>
    <Property Name="ChangedAt" Type="Edm.DateTimeOffset"/><Property Name="CreatedOn" Type="Edm.DateTime"/>
    <Property Name="Note" Type="Edm.String" sap:filterable="false"/><Property Name="Stamp" Type="Edm.String"/>
    <NavigationProperty Name="to_Item" Relationship="PO.items" FromRole="a" ToRole="b"/></EntityType>
   <EntityContainer Name="C"><EntitySet Name="Orders" EntityType="PO.OrderType"/></EntityContainer>
  </Schema></edmx:DataServices></edmx:Edmx>"""
FOUR = b"""<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
  <Schema Namespace="NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">
   <EntityType Name="record" Abstract="true"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid"/>
    <Property Name="lastModifiedDateTime" Type="Edm.DateTimeOffset"/></EntityType>
   <EntityType Name="item" BaseType="NAV.record"><Property Name="number" Type="Edm.String"/><Property Name="at" Type="NAV.place"/>
    <NavigationProperty Name="vendor" Type="NAV.record"/></EntityType>
   <EntityContainer Name="C"><EntitySet Name="items" EntityType="NAV.item"/></EntityContainer>
  </Schema></edmx:DataServices></edmx:Edmx>"""


@pytest.mark.parametrize(("content", "entity", "names", "stamps", "expand", "literal", "told"), [
    (TWO, "Orders", ["Order"], ["ChangedAt"], ["to_Item"], "datetimeoffset", []),
    (TWO, "Orders", ["Order"], ["CreatedOn"], ["to_Item/to_Line"], "datetime", []),
    (TWO, "Orders", ["Order"], ["Stamp"], [], "text", []),
    (FOUR, "items", ["id", "number", "at.street", "vendor/id"], ["lastModifiedDateTime"], ["vendor"], "plain", []),
    (FOUR, "companies(1)/items", ["number"], ["lastModifiedDateTime"], [], "plain", []),
    (FOUR, "companies(1)/lines", ["number"], [], [], "plain", []),
    (TWO, "Order", [], [], [], "datetimeoffset", ["the service has no entity set Order; did you mean Orders?"]),
    (TWO, "Orders", ["Ordr"], ["changedAt"], [], "datetimeoffset",
     ["Orders has no Ordr; did you mean Order?", "Orders has no changedAt; did you mean ChangedAt?"]),
    (TWO, "Orders", ["Order"], ["CreatedOn"], [], "datetimeoffset",
     ["CreatedOn is of the type Edm.DateTime, which is asked for with literal: datetime, not datetimeoffset"]),
    (TWO, "Orders", ["Order"], ["Note"], ["Items"], "text",
     ["Orders leads to no Items; did you mean to_Item?"]),
    (FOUR, "items", ["*", "@odata.id", "NAV.item/number"], [], ["*", "vendor/NAV.x"], "plain", []),
])  # fmt: skip
def test_what_is_asked_is_held_against_what_there_is(
    content: bytes, entity: str, names: list[str], stamps: list[str], expand: list[str], literal: str, told: list[str]
) -> None:
    assert list(faults(read(content, "erp"), entity, names, stamps, expand, literal)) == told


def test_what_it_describes_elsewhere_is_no_fault() -> None:
    """Singletons, functions, containers that extend others, one name of two types, types by an alias."""
    schema = b"""<edmx:Edmx xmlns:edmx="x"><edmx:DataServices>
      <Schema Namespace="A" Alias="Self" xmlns="y"><EntityType Name="T"><Property Name="id" Type="Edm.String"/></EntityType>
       <EntityContainer Name="C"><EntitySet Name="Ts" EntityType="Self.T"/><Singleton Name="Me" Type="A.T"/>
        <FunctionImport Name="Changed" EntitySet="Ts"/></EntityContainer></Schema>
      <Schema Namespace="B" xmlns="y"><EntityType Name="T"><Property Name="other" Type="Edm.String"/></EntityType></Schema>
    </edmx:DataServices></edmx:Edmx>"""
    for entity, names, told in (("Ts", ["id"], 0), ("Ts", ["other"], 1), ("Me", ["x"], 0), ("Changed", ["x"], 0), ("None", [], 1)):
        assert len(list(faults(read(schema, "erp"), entity, names, [], [], "plain"))) == told, entity
    more = schema.replace(b'<EntityContainer Name="C">', b'<EntityContainer Name="C" Extends="Z.C">')
    assert list(faults(read(more, "erp"), "Elsewhere", ["x"], [], [], "plain")) == []


@pytest.mark.parametrize("content", [b"", b"<x/>", b'<!DOCTYPE x [<!ENTITY a "b">]><edmx:Edmx xmlns:edmx="x">&a;</edmx:Edmx>', b"{}"])
def test_what_is_no_description_is_told(content: bytes) -> None:
    with pytest.raises((RetriableError, RefusedError), match=r"^erp: "):
        read(content, "erp")


def test_a_flow_is_held_against_its_service() -> None:
    said: list[Said] = [Said(TWO, headers={"Content-Type": "application/xml"})]

    def say(heard: Heard) -> Said:
        assert heard.path == "/srv/$metadata", "also of an address below an entity"
        return said[0]

    delta = {"kind": "stamp", "field": "ChangedOn", "created": "CreatedOn", "id": "Order"}
    with spoken(say) as peer:
        flow: dict[str, Any] = {"version": 2, "url": f"{peer.url}srv", "entity": "Orders", "expand": "to_Item,to_Itm", "delta": delta}
        told = TRANSPORT.described(flow)
        assert TRANSPORT.described(flow | {"url": f"{peer.url}srv/companies(7)/"}) == told
        assert told is not None and [text.partition(";")[0] for text in told] == [
            "Orders has no ChangedOn", "Orders leads to no to_Itm",
            "CreatedOn is of the type Edm.DateTime, which is asked for with literal: datetime, not datetimeoffset",
        ]  # fmt: skip
        said[0] = Said({}, 404)
        assert TRANSPORT.described(flow) is None, "it does not describe itself"
