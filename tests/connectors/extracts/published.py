"""Extracts as registers publish them, made of records that tests state; nothing here is copied from a register."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def gudid(*records: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<gudid xmlns="http://www.fda.gov/cdrh/gudid">{"".join(records)}</gudid>'


def gudid_record(di: str, company: str = "Elsewhere Inc.", extra: str = "", brand: str = "Screw") -> str:
    return (
        f'<device xmlns="http://www.fda.gov/cdrh/gudid"><publicVersionNumber>2</publicVersionNumber><publicVersionDate>2026-10-05'
        f"</publicVersionDate><devicePublishDate>2026-10-01</devicePublishDate><identifiers><identifier><deviceId>{di}</deviceId>"
        f"<deviceIdType>Primary</deviceIdType><deviceIdIssuingAgency>GS1</deviceIdIssuingAgency></identifier>{extra}</identifiers>"
        f"<brandName>{brand}</brandName><companyName>{company}</companyName></device>"
    )


def nmpa(*records: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<udid version="1.0"><devices>{"".join(records)}</devices></udid>'


def nmpa_record(di: str, company: str = "别家公司", name: str = "骨螺钉") -> str:
    return (
        f"<device><zxxsdycpbs>{di}</zxxsdycpbs><cpbsbmtxmc>GS1</cpbsbmtxmc><cpmctymc>{name}</cpmctymc><ggxh>OS</ggxh>"
        f"<ylqxzcrbarmc>{company}</ylqxzcrbarmc><versionNumber>1</versionNumber><versionTime>2026-09-15</versionTime></device>"
    )


def eudamed_row(di: str, **members: Any) -> dict[str, Any]:
    return {
        "basicUdi": "B", "primaryDi": di, "issuingAgency": {"code": "refdata.issuing-agency.gs1"}, "reference": "400-30",
        "tradeName": "Screw", "manufacturerName": "Elsewhere", "manufacturerSrn": "DE-MF-000000001", "sterile": True, **members,
    }  # fmt: skip


def eudamed_page(*rows: Mapping[str, Any]) -> str:
    return json.dumps({"content": list(rows), "last": True, "totalElements": len(rows)})


_DEVICE = [
    "PrimaryDI",
    "publicDeviceRecordKey",
    "publicVersionStatus",
    "deviceRecordStatus",
    "publicVersionNumber",
    "publicVersionDate",
    "devicePublishDate",
    "deviceCommDistributionEndDate",
    "deviceCommDistributionStatus",
    "brandName",
    "versionModelNumber",
    "catalogNumber",
    "dunsNumber",
    "companyName",
    "deviceCount",
    "deviceDescription",
    "DMExempt",
    "premarketExempt",
    "deviceHCTP",
    "deviceKit",
    "deviceCombinationProduct",
    "singleUse",
    "lotBatch",
    "serialNumber",
    "manufacturingDate",
    "expirationDate",
    "donationIdNumber",
    "labeledContainsNRL",
    "labeledNoNRL",
    "MRISafetyStatus",
    "rx",
    "otc",
    "deviceSterile",
    "sterilizationPriorToUse",
]
_TABLES = {
    "identifiers.txt": "PrimaryDI deviceId deviceIdType deviceIdIssuingAgency containsDINumber pkgQuantity pkgDiscontinueDate pkgStatus "
    "pkgType",
    "contacts.txt": "PrimaryDI phone phoneExtension email",
    "gmdnTerms.txt": "PrimaryDI gmdnPTName gmdnPTDefinition gmdnCode gmdnCodeStatus implantable",
    "productCodes.txt": "PrimaryDI productCode productCodeName",
    "premarketSubmissions.txt": "PrimaryDI submissionNumber supplementNumber",
    "deviceSizes.txt": "PrimaryDI sizeType size_unit size_value sizeText",
    "environmentalConditions.txt": "PrimaryDI storageHandlingType storageHandlingHigh_unit storageHandlingHigh_value "
    "storageHandlingLow_unit storageHandlingLow_value storageHandlingSpecialConditionText",
    "sterilizationMethodTypes.txt": "PrimaryDI sterilizationMethod",
}


def delimited(devices: Sequence[Mapping[str, str]], **rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """The nine tables: devices by column, rows of the other tables (by name without `.txt`) in the order of their columns."""
    parts = {"device.txt": "|".join(_DEVICE) + "\n" + "".join("|".join(one.get(name, "") for name in _DEVICE) + "\n" for one in devices)}
    for table, heads in _TABLES.items():
        listed = rows.get(table.removesuffix(".txt"), ())
        parts[table] = heads.replace(" ", "|") + "\n" + "".join("|".join(row) + "\n" for row in listed)
    return parts
