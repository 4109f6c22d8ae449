"""A device that states all that three registers ask, under each law of the EU."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

_SAMPLE = Path(__file__).parents[2] / "samples" / "json" / "erp_devices.json"
_MD = {
    "active": False, "administers_medicine": False, "measuring": False, "reusable_instrument": False, "human_blood_product": False,
    "medicinal_product": False, "reprocessed": False, "kind": "device", "suture_or_staple": True,
}  # fmt: skip
_IVD = {
    "companion_diagnostic": False, "instrument": False, "microbial": False, "near_patient": False, "professional": True, "reagent": True,
    "self_testing": False, "new_device": False,
}  # fmt: skip
RISKS = {
    "mdr": "CLASS_IIB", "mdd": "CLASS_IIB", "pack": "CLASS_IIA", "aimdd": "AIMDD", "ivdr": "CLASS_C", "ivdd": "IVD_GENERAL",
}  # fmt: skip


def complete(law: str = "mdr", **changed: Any) -> dict[str, Any]:
    """As the ERP's feed states it; top members may be changed, None leaves one out."""
    said: dict[str, Any] = copy.deepcopy(json.loads(_SAMPLE.read_text(encoding="utf-8"))["devices"][0])
    said["us"] |= {"tissue": False, "combination": False, "over_the_counter": False}
    tissue = {"animal_tissue": False, "human_tissue": False}
    said["eu"] = {"legislation": law, "status": "on_market", "risk_class": RISKS[law], "model": "OS-4.0", **tissue, **_MD, **_IVD}
    if law == "pack":
        said["eu"]["kind"] = "procedure_pack"
        said["medicinal_purposes"] = [{"language": "en", "text": "Fixation of long bones"}]
        said["manufacturer"]["srn"] = "CN-PR-000012345"
    said["cn"] |= {"published_on": "2026-10-01", "direct_marked": True, "direct_mark_same": False}
    said["manufacturer"] |= {"credit_code": "91320594MA99999012"}
    said["sizes"] = said["sizes"][:1]
    said["storage"][2]["condition"] = "special"
    for member, value in changed.items():
        if value is None:
            said.pop(member, None)
        else:
            said[member] = {**said[member], **value} if isinstance(value, dict) else value
    return said


def feed(*devices: dict[str, Any]) -> bytes:
    """The feed of these devices."""
    return json.dumps({"exported_at": "2026-11-20T02:00:00+08:00", "devices": list(devices)}, ensure_ascii=False).encode()
