"""Own IDocs as trees, one for every shipped mapping of that format."""

from __future__ import annotations

from typing import Any

from data_contracts.source import SourceRecord
from tests.mappings.trees import named

_CONTROL = {"DOCNUM": "0000000000004711", "CREDAT": "20261122", "CRETIM": "083000"}
_PARTNERS = [
    {"PARVW": "AG", "PARTN": "1010", "ILNNR": "6901234000009"},
    {
        "PARVW": "LF",
        "PARTN": "V1001",
        "NAME1": "江南高分子材料有限公司",
        "STRAS": "运河路 1 号",
        "ORT01": "无锡",
        "PSTLZ": "214000",
        "LAND1": "CN",
    },
    {"PARVW": "WE", "PARTN": "101A", "ILNNR": "6901234000016"},
]
_ORDER: dict[str, Any] = {
    "EDI_DC40": _CONTROL,
    "E1EDK01": {"ACTION": "000", "CURCY": "CNY", "BELNR": "4500000123"},
    "E1EDK03": [{"IDDAT": "012", "DATUM": "20261122", "UZEIT": "081500"}, {"IDDAT": "002", "DATUM": "20261215"}],
    "E1EDKA1": _PARTNERS,
    "E1EDP01": [
        {
            "POSEX": "000010",
            "MENGE": "1200.000",
            "MENEE": "PCE",
            "VPREI": "3.25",
            "PEINH": "1",
            "E1EDP20": {"WMENG": "1200.000", "EDATU": "20261210"},
            "E1EDP19": [
                {"QUALF": "001", "IDTNR": "RM-0001", "KTEXT": "医用级树脂"},
                {"QUALF": "002", "IDTNR": "JP-77"},
                {"QUALF": "003", "IDTNR": "06901234500011"},
            ],
        },
        {"POSEX": "000020", "MENGE": "4.5", "MENEE": "KGM", "VPREI": "1800.00", "PEINH": "100"},
    ],
    "E1EDS01": {"SUMID": "001", "SUMME": "2"},
}
_RESPONSE: dict[str, Any] = {
    "EDI_DC40": _CONTROL,
    "E1EDK01": {"CURCY": "CNY"},
    "E1EDK03": {"IDDAT": "012", "DATUM": "20261123"},
    "E1EDKA1": _PARTNERS[1:2],
    "E1EDK02": [{"QUALF": "001", "BELNR": "4500000123"}, {"QUALF": "002", "BELNR": "SO-881"}],
    "E1EDP01": [
        {
            "POSEX": "000010",
            "ACTION": "002",
            "MENGE": "1200",
            "MENEE": "PCE",
            "E1EDP20": {"WMENG": "1000", "EDATU": "20261212"},
            "E1EDP19": {"QUALF": "002", "IDTNR": "JP-77"},
        },
        {"POSEX": "000020", "ACTION": "007", "MENGE": "7", "MENEE": "PCE"},
    ],
}
_INVOICE: dict[str, Any] = {
    "EDI_DC40": _CONTROL,
    "E1EDK01": {"CURCY": "EUR", "BSART": "INVO", "BELNR": "INV-5501"},
    "E1EDKA1": [{"PARVW": "RS", "PARTN": "V2001", "NAME1": "Rheintal Titan AG"}, {"PARVW": "AG", "PARTN": "2010"}],
    "E1EDK02": {"QUALF": "001", "BELNR": "NC-25124", "DATUM": "20261101"},
    "E1EDK03": {"IDDAT": "012", "DATUM": "20261130"},
    "E1EDK04": {"MWSKZ": "V1", "MSATZ": "19.000", "MWSBT": "2622.57"},
    "E1EDP01": [
        {
            "POSEX": "000010",
            "MENGE": "300",
            "MENEE": "PCE",
            "VPREI": "46.01",
            "E1EDP04": {"MWSKZ": "V1", "MSATZ": "19.000", "MWSBT": "2622.57"},
            "PEINH": "1",
            "E1EDP02": {"QUALF": "001", "BELNR": "NC-25124", "ZEILE": "000010"},
            "E1EDP19": {"QUALF": "001", "IDTNR": "RM-0007", "KTEXT": "Stab Ti-6Al-4V Ø12"},
            "E1EDP26": {"QUALF": "003", "BETRG": "13803.00"},
        }
    ],
    "E1EDS01": {"SUMID": "011", "SUMME": "16425.57"},
}
_DELIVERY: dict[str, Any] = {
    "EDI_DC40": _CONTROL,
    "E1EDL20": {
        "LIFEX": "JN-D30571",
        "BOLNR": "SF1029",
        "E1ADRM1": [
            {"PARTNER_Q": "LF", "PARTNER_ID": "V1001", "NAME1": "江南高分子材料有限公司", "CITY1": "无锡", "COUNTRY1": "CN"},
            {"PARTNER_Q": "WE", "PARTNER_ID": "101A", "E1ADRE1": {"EXTEND_Q": "300", "EXTEND_D": "6901234000016"}},
            {"PARTNER_Q": "SP", "NAME1": "SF EXPRESS"},
        ],
        "E1EDT13": [{"QUALF": "006", "ISDD": "20261122", "ISDZ": "081500"}, {"QUALF": "007", "NTANF": "20261124"}],
        "E1EDL24": [
            {
                "POSNR": "000010",
                "MATNR": "RM-0001",
                "ARKTX": "医用级树脂",
                "CHARG": "L26-0441",
                "LFIMG": "600",
                "VRKME": "PCE",
                "EAN11": "06901234500011",
                "KDMAT35": "K-17",
                "VFDAT": "20281130",
                "E1EDL41": {"QUALI": "001", "BSTNR": "4500000123", "POSEX": "000010"},
                "E1EDL11": [{"SERNR": "S1"}, {"SERNR": "S2"}],
            },
            {"POSNR": "000020", "MATNR": "000000000010004741", "LFIMG": "4.5", "VRKME": "KGM"},
        ],
    },
}


def _movement(*items: dict[str, str]) -> dict[str, Any]:
    head = {"PSTNG_DATE": "20261205", "DOC_DATE": "20261204", "REF_DOC_NO": "DN-778", "GR_GI_SLIP_NO": "GR-7"}
    return {
        "EDI_DC40": _CONTROL,
        "E1MBGMCR": {
            "E1BP2017_GM_HEAD_01": head,
            "E1BP2017_GM_CODE": {"GM_CODE": "01"},
            "E1BP2017_GM_ITEM_CREATE": list(items),
        },
    }


_RECEIPT = _movement(
    {
        "MATERIAL": "RM-0001",
        "STGE_LOC": "101A",
        "BATCH": "L26-0441",
        "MOVE_TYPE": "101",
        "ENTRY_QNT": "600",
        "ENTRY_UOM": "PCE",
        "PO_NUMBER": "4500000123",
        "PO_ITEM": "00010",
        "MVT_IND": "B",
        "EXPIRYDATE": "20281130",
        "PROD_DATE": "20261101",
    }
)
_ISSUE = _movement(
    {"MATERIAL": "RM-0001", "BATCH": "L1", "MOVE_TYPE": "551", "STCK_TYPE": "S", "ENTRY_QNT": "5", "ENTRY_UOM": "PCE"},
    {"MATERIAL": "RM-0002", "MOVE_TYPE": "701", "ENTRY_QNT": "2.5", "ENTRY_UOM": "KGM"},
)
_MATERIAL: dict[str, Any] = {
    "EDI_DC40": _CONTROL,
    "E1MARAM": {
        "MSGFN": "005",
        "MATNR": "FG-100",
        "MTART": "FERT",
        "MEINS": "PCE",
        "EAN11": "06901234500059",
        "XCHPF": "X",
        "MHDHB": "1825",
        "E1MAKTM": [
            {"SPRAS": "E", "MAKTX": "Bone screw 4.0", "SPRAS_ISO": "EN"},
            {"SPRAS": "1", "MAKTX": "骨螺钉 4.0", "SPRAS_ISO": "ZH"},
        ],
        "E1MARMM": [{"MEINH": "CT", "UMREZ": "50", "UMREN": "1", "EAN11": "16901234500056"}, {"MEINH": "BX", "UMREZ": "10", "UMREN": "1"}],
    },
    "E1OCLFM": {"OBTAB": "MARA", "E1AUSPM": [{"ATNAM": "UDI_DI", "ATWRT": "06901234500059"}]},
}
_VENDOR: dict[str, Any] = {
    "EDI_DC40": _CONTROL,
    "E1LFA1M": {
        "MSGFN": "005",
        "LIFNR": "0000100003",
        "NAME1": "江南高分子材料有限公司",
        "LAND1": "CN",
        "ORT01": "无锡",
        "BBBNR": "6901234",
        "BBSNR": "00010",
        "BUBKZ": "8",
        "STCD1": "91320200MA1",
    },
}
_CUSTOMER: dict[str, Any] = {
    "EDI_DC40": _CONTROL,
    "E1KNA1M": {"MSGFN": "005", "KUNNR": "0000020010", "NAME1": "Stadtspital", "LAND1": "CH", "PSTLZ": "8063", "STCEG": "CHE123"},
}


def idoc_samples() -> dict[str, SourceRecord]:
    """A message for every mapping of IDocs."""
    return {
        "idoc/ORDERS": named("ORDERS", _ORDER),
        "idoc/ORDCHG": named("ORDCHG", {**_ORDER, "E1EDK01": {"ACTION": "002", "CURCY": "CNY", "BELNR": "4500000123"}}),
        "idoc/ORDRSP": named("ORDRSP", _RESPONSE),
        "idoc/INVOIC": named("INVOIC", _INVOICE),
        "idoc/DESADV": named("DESADV", _DELIVERY),
        "idoc/MBGMCR": named("MBGMCR", _RECEIPT),
        "idoc/MBGMCR_movement": named("MBGMCR", _ISSUE),
        "idoc/MATMAS": named("MATMAS", _MATERIAL),
        "idoc/CREMAS": named("CREMAS", _VENDOR),
        "idoc/DEBMAS": named("DEBMAS", _CUSTOMER),
    }
