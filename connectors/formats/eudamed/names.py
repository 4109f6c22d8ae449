"""Names of EUDAMED's data model 3.0.25: namespaces with the prefixes of the Commission's samples, and elements by law."""

from __future__ import annotations

VERSION = "3.0.25"
MESSAGE = "https://ec.europa.eu/tools/eudamed/dtx/servicemodel/Message/v1"
SERVICE = "https://ec.europa.eu/tools/eudamed/dtx/servicemodel/Service/v1"
_ENTITY = "https://ec.europa.eu/tools/eudamed/dtx/datamodel/Entity"
DEVICE = f"{_ENTITY}/Device/v1"
UDIDI = f"{_ENTITY}/UDIDI/v1"
COMMON = f"{_ENTITY}/Device/CommonDevice/v1"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SPACES = {
    "m": MESSAGE,
    "s": SERVICE,
    "e": f"{_ENTITY}/v1",
    "device": DEVICE,
    "basicudi": f"{_ENTITY}/Device/BasicUDI/v1",
    "udidi": UDIDI,
    "commondi": COMMON,
    "eudi": f"{_ENTITY}/Device/LegacyDevice/EUDI/v1",
    "links": f"{_ENTITY}/Links/v1",
    "lsn": f"{_ENTITY}/Common/LanguageSpecific/v1",
    "marketinfo": f"{_ENTITY}/MktInfo/MarketInfo/v1",
}
"""By prefix."""

BASIC, DATA = "BasicUDI", "UDIDIData"
"""The two halves of a device, as the tree has them."""
LAWS = {
    "MDR": ("MDRDeviceType", "MDRBasicUDI", "MDRUDIDIData"),
    "IVDR": ("IVDRDeviceType", "IVDRBasicUDI", "IVDRUDIDIData"),
    "PR": ("PRDeviceType", "PRBasicUDI", "PRUDIDIData"),
    "MDD": ("MDEUDeviceType", "MDEUDI", "MDEUData"),
    "AIMDD": ("MDEUDeviceType", "MDEUDI", "MDEUData"),
    "IVDD": ("IVDEUDeviceType", "IVDEUDI", "IVDEUData"),
}
"""By law: the type of the device, its Basic UDI-DI and its UDI-DI."""
OLD = frozenset({"MDD", "AIMDD", "IVDD"})
"""The old directives: their devices have the UDI-DI first."""
PRODUCTION = ("BATCH_NUMBER", "SERIALISATION_NUMBER", "MANUFACTURING_DATE", "EXPIRATION_DATE", "SOFTWARE_IDENTIFICATION")
"""What a label can state beside the DI."""
