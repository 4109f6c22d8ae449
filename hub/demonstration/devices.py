"""NovaMed's device master: what its regulatory people keep of the devices that it makes, as the group ERP exports it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data_contracts.identifiers import gmn
from hub.demonstration.catalogue import Catalogue, Item
from hub.demonstration.company import NOVAMED, ROTTERDAM, SUZHOU
from hub.demonstration.identifiers import credit_code

DUNS = "544400019"
MANUFACTURER_SRN = "CN-MF-000044019"
REPRESENTATIVE_SRN = "NL-AR-000044019"
CREDIT_CODE = credit_code("91320594MA9999901")


@dataclass(frozen=True, slots=True)
class Family:
    """What devices of one Basic UDI-DI have in common."""

    model: str
    generic_zh: str
    emdn: str
    gmdn: tuple[str, str]
    product_code: str
    submission: str
    risk_class: str
    certificate: str
    class_code: str
    registration: str
    implantable: bool
    mri: str
    suture_or_staple: bool | None = None


FAMILIES = {
    "FG-40": Family(
        "NovaPath", "导引导管", "C010401", ("17846", "Vascular guide-catheter, single-use"), "DQY", "K250401", "CLASS_III",
        "MDR_TECHNICAL_DOCUMENTATION", "03-13-06", "国械注准20253031401", False, "not_stated",
    ),
    "FG-41": Family(
        "NovaPath Balloon", "球囊扩张导管", "C010402", ("17184", "Coronary angioplasty balloon catheter, basic"), "LOX", "P250402",
        "CLASS_III", "MDR_TECHNICAL_DOCUMENTATION", "03-13-05", "国械注准20253031402", False, "not_stated",
    ),
    "FG-42": Family(
        "NovaSpine Screw", "脊柱螺钉", "P090701", ("46651", "Bone-screw internal spinal fixation system, sterile"), "NKB", "K250403",
        "CLASS_IIB", "MDR_TECHNICAL_DOCUMENTATION", "13-03-01", "国械注准20253131403", True, "conditional", True,
    ),
    "FG-43": Family(
        "NovaSpine Cage", "椎间融合器", "P090702", ("60762", "Polymeric spinal fusion cage, sterile"), "MAX", "K250404",
        "CLASS_IIB", "MDR_TECHNICAL_DOCUMENTATION", "13-03-04", "国械注准20253131404", True, "conditional", False,
    ),
}  # fmt: skip
"""By the first letters of item codes."""


def devices_json(catalogue: Catalogue, updated_at: datetime) -> bytes:
    """Every device that NovaMed makes, with its packaging levels and what three authorities ask."""
    devices = [device(item, updated_at) for item in made(catalogue)]
    return (json.dumps({"exported_at": updated_at.isoformat(), "devices": devices}, ensure_ascii=False, indent=1) + "\n").encode()


def made(catalogue: Catalogue) -> Iterable[Item]:
    """The items that are devices of NovaMed's own."""
    return (item for item, _ in catalogue.made)


def device(item: Item, updated_at: datetime) -> dict[str, Any]:
    """One device as the feed states it."""
    family = FAMILIES[item.code[:5]]
    own = item.gtin14
    since = updated_at.date().replace(year=updated_at.year - 1, month=3, day=1).isoformat()
    return {
        "udi_di": own,
        "issuer": "gs1",
        "revision": 1,
        "updated_at": updated_at.isoformat(),
        "effective_on": since,
        "basic_udi_di": gmn.generate(f"{NOVAMED}{item.code[:5].replace('-', '')}"),
        "basic_udi_di_issuer": "gs1",
        "name": family.model,
        "name_zh": f"诺康{family.generic_zh}",
        "generic_name": item.name_en,
        "generic_name_zh": family.generic_zh,
        "model": item.code,
        "catalogue_number": item.code,
        "description": item.name_en,
        "description_zh": item.name_zh,
        "trade_names": [{"language": "en", "text": family.model}],
        "base_quantity": 1,
        "packages": [
            {"di": item.gtin_case, "issuer": "gs1", "contains": own, "quantity": item.case_quantity, "kind": "箱", "status": "on_market"}
        ],
        "pi": {"lot": True, "serial": item.serial_controlled, "manufacturing_date": True, "expiry_date": True},
        "sterility": {"sterile": True, "sterilise_before_use": False},
        "storage": [
            {"condition": "storage_temperature", "low": 5, "low_unit": "degree_celsius", "high": 30, "high_unit": "degree_celsius"},
            {"condition": "keep_dry"},
        ],
        "single_use": True,
        "max_reuses": 0,
        "latex": False,
        "labelled_latex_free": False,
        "mri": family.mri,
        "implantable": family.implantable,
        "kit": False,
        "gmdn_terms": [{"code": family.gmdn[0], "name": family.gmdn[1]}],
        "emdn_codes": [family.emdn],
        "product_codes": [{"code": family.product_code}],
        "premarket_submissions": [{"number": family.submission, "supplement": "000"}],
        "certificates": [{"kind": family.certificate, "number": f"MDR {family.submission[1:]}", "notified_body": "0123"}],
        "markets": [{"state": "NL", "first": True}, {"state": "DE", "first": False}],
        "contacts": [{"phone": "+86 512 0000 4400", "email": "quality@novamed.example"}],
        "labeler": {"name": SUZHOU.name, "duns": DUNS, "country": "CN"},
        "manufacturer": {
            "name": SUZHOU.name,
            "name_zh": SUZHOU.name_zh,
            "srn": MANUFACTURER_SRN,
            "credit_code": CREDIT_CODE,
            "country": "CN",
        },
        "authorised_representative": {"name": ROTTERDAM.name, "srn": REPRESENTATIVE_SRN, "country": "NL"},
        "us": {
            "status": "on_market",
            "direct_mark_exempt": True,
            "premarket_exempt": False,
            "tissue": False,
            "combination": False,
            "prescription": True,
            "over_the_counter": False,
        },
        "eu": {
            "legislation": "mdr",
            "status": "on_market",
            "risk_class": family.risk_class,
            "model": family.model,
            "kind": "device",
            "active": False,
            "administers_medicine": False,
            "measuring": False,
            "reusable_instrument": False,
            "animal_tissue": False,
            "human_tissue": False,
            "human_blood_product": False,
            "medicinal_product": False,
            "reprocessed": False,
            **({} if family.suture_or_staple is None else {"suture_or_staple": family.suture_or_staple}),
        },
        "cn": {
            "published_on": since,
            "carriers": "2",
            "as_registered": True,
            "direct_marked": False,
            "kind": "device",
            "category": "consumable",
            "class_code": family.class_code,
            "registration": family.registration,
        },
    }
