"""The fixed cast: NovaMed with its two legal entities, its suppliers, its logistics partner, the hospitals.

Everybody is fictional; the GS1 company prefixes begin as those of China (69), the Netherlands (87) and Germany (43) do, followed
by nines. `deploy/site/` names the same cast in YAML; a test holds both together.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from hub.demonstration.identifiers import credit_code, gln

NOVAMED = "699999901"
NOVACARE = "879999901"
JIANGNAN = "699999902"
RHEINTAL = "439999901"
STADTSPITAL = "879999902"
HANSA = "439999902"
CHINESE_HOSPITALS = "699999903"
OTHERS = "879999903"

CHINA = ZoneInfo("Asia/Shanghai")
NETHERLANDS = ZoneInfo("Europe/Amsterdam")
GERMANY = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True)
class Organisation:
    """One of NovaMed's legal entities with the site at which its stock lies."""

    key: str
    name: str
    name_zh: str
    x12_id: str
    x12_name: str
    gln: str
    site_gln: str
    """Where goods are received, stored, made and shipped: plant and warehouse share the site and its GLN."""
    site_name: str
    zone: ZoneInfo
    currency: str


@dataclass(frozen=True, slots=True)
class Supplier:
    """A supplier that trades by X12."""

    key: str
    code: str
    name: str
    x12_id: str
    x12_name: str
    gln: str
    prefix: str
    version: str
    zone: ZoneInfo
    country: str
    currency: str
    lot_prefix: str
    carrier: tuple[str, str]
    """SCAC-like code and routing text of TD5."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One supplier's mailbox for one of our organisations: the flow and agreement by which its files come in."""

    supplier: Supplier
    organisation: Organisation
    flow: str
    folder: str


@dataclass(frozen=True, slots=True)
class PartyEntry:
    """A row of the ERP's party master."""

    code: str
    role: str
    name: str
    name_zh: str | None
    gln: str | None
    tax_number: str | None
    address: str
    city: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True)
class Hospital:
    """A customer's delivery address and the organisation that serves it."""

    code: str
    name: str
    gln: str
    organisation: str


SUZHOU = Organisation(
    key="suzhou",
    name="NovaMed Devices (Suzhou) Co., Ltd.",
    name_zh="诺康医疗器械（苏州）有限公司",
    x12_id="NOVAMEDSZ",
    x12_name="NOVAMED DEVICES SUZHOU CO LTD",
    gln=gln(NOVAMED, 0),
    site_gln=gln(NOVAMED, 1),
    site_name="NovaMed Suzhou site, Hansa dock 1",
    zone=CHINA,
    currency="CNY",
)
ROTTERDAM = Organisation(
    key="rotterdam",
    name="NovaCare Medical Europe B.V.",
    name_zh="诺康医疗欧洲有限公司",
    x12_id="NOVACARERT",
    x12_name="NOVACARE MEDICAL EUROPE BV",
    gln=gln(NOVACARE, 0),
    site_gln=gln(NOVACARE, 1),
    site_name="NovaCare Rotterdam, Hansa hall 4",
    zone=NETHERLANDS,
    currency="EUR",
)
ORGANISATIONS = (SUZHOU, ROTTERDAM)

JIANGNAN_POLYMER = Supplier(
    key="jiangnan_polymer",
    code="V1001",
    name="Jiangnan Polymer Materials Co., Ltd.",
    x12_id="JNPOLY",
    x12_name="JIANGNAN POLYMER MATERIALS CO LTD",
    gln=gln(JIANGNAN, 0),
    prefix=JIANGNAN,
    version="004010",
    zone=CHINA,
    country="CN",
    currency="CNY",
    lot_prefix="JN",
    carrier=("YZTR", "YANGTZE DELTA TRUCKING"),
)
RHEINTAL_TITAN = Supplier(
    key="rheintal_titan",
    code="V1002",
    name="Rheintal Titan GmbH",
    x12_id="RHEINTI",
    x12_name="RHEINTAL TITAN GMBH",
    gln=gln(RHEINTAL, 0),
    prefix=RHEINTAL,
    version="005010",
    zone=GERMANY,
    country="DE",
    currency="EUR",
    lot_prefix="RT",
    carrier=("HLOG", "HANSA AIR AND ROAD"),
)
SUPPLIERS = (JIANGNAN_POLYMER, RHEINTAL_TITAN)

CHANNELS = (
    Channel(JIANGNAN_POLYMER, SUZHOU, "jiangnan_polymer_in", "in/jiangnan_polymer"),
    Channel(RHEINTAL_TITAN, SUZHOU, "rheintal_titan_suzhou_in", "in/rheintal_titan/suzhou"),
    Channel(RHEINTAL_TITAN, ROTTERDAM, "rheintal_titan_rotterdam_in", "in/rheintal_titan/rotterdam"),
)

HOSPITALS = (
    Hospital("C5001", "Stadtspital Rhein-Maas, Klinik Heerlen", gln(STADTSPITAL, 1), "rotterdam"),
    Hospital("C5002", "Stadtspital Rhein-Maas, Klinik Venlo", gln(STADTSPITAL, 2), "rotterdam"),
    Hospital("C5101", "苏州湖东人民医院", gln(CHINESE_HOSPITALS, 1), "suzhou"),
    Hospital("C5102", "江城心血管病医院", gln(CHINESE_HOSPITALS, 2), "suzhou"),
)

# fmt: off
PARTIES = (
    PartyEntry("O1001", "own", SUZHOU.name, SUZHOU.name_zh, SUZHOU.gln, credit_code("91320594MA9999901"),
               "星湖街 999 号", "苏州", "215123", "CN"),
    PartyEntry("O1002", "own", ROTTERDAM.name, ROTTERDAM.name_zh, ROTTERDAM.gln, "NL999999901B01",
               "Maasvlakteweg 999", "Rotterdam", "3199 LZ", "NL"),
    PartyEntry("W2001", "warehouse", "Hansa Cold Logistics, Suzhou", "汉莎冷链物流（苏州）", SUZHOU.site_gln, None,
               "星湖街 999 号 2 库", "苏州", "215123", "CN"),
    PartyEntry("W2002", "warehouse", "Hansa Cold Logistics, Rotterdam", None, ROTTERDAM.site_gln, None,
               "Maasvlakteweg 1001", "Rotterdam", "3199 LZ", "NL"),
    PartyEntry("V1001", "supplier", JIANGNAN_POLYMER.name, "江南高分子材料有限公司", JIANGNAN_POLYMER.gln, credit_code("91320282MA9999902"),
               "环科园绿园路 999 号", "宜兴", "214205", "CN"),
    PartyEntry("V1002", "supplier", RHEINTAL_TITAN.name, "莱茵塔尔钛业", RHEINTAL_TITAN.gln, "DE999999902",
               "Hafenstraße 999", "Neuss", "41460", "DE"),
    PartyEntry("V1003", "supplier", "Jienuo Cleanroom Packaging Co., Ltd.", "洁诺无菌包装有限公司", gln(OTHERS, 3),
               credit_code("91330483MA9999903"), "梧桐街道 999 号", "桐乡", "314500", "CN"),
    PartyEntry("V1004", "supplier", "Maasland Steriel B.V.", None, gln(OTHERS, 4), "NL999999904B01",
               "Steriliseerweg 99", "Venlo", "5928 LA", "NL"),
    PartyEntry("C5001", "customer", HOSPITALS[0].name, None, HOSPITALS[0].gln, "NL999999905B01",
               "Kliniekplein 1", "Heerlen", "6419 PC", "NL"),
    PartyEntry("C5002", "customer", HOSPITALS[1].name, None, HOSPITALS[1].gln, "NL999999906B01",
               "Maasboulevard 99", "Venlo", "5911 KA", "NL"),
    PartyEntry("C5101", "customer", "Suzhou Hudong People's Hospital", HOSPITALS[2].name, HOSPITALS[2].gln,
               credit_code("12320500MB9999907"), "湖东路 99 号", "苏州", "215028", "CN"),
    PartyEntry("C5102", "customer", "Jiangcheng Heart Hospital", HOSPITALS[3].name, HOSPITALS[3].gln,
               credit_code("12420100MB9999908"), "江滩大道 99 号", "武汉", "430014", "CN"),
    PartyEntry("K6001", "carrier", "Hansa Air and Road", "汉莎空陆运输", gln(HANSA, 9), "DE999999909",
               "Speicherstadt 99", "Hamburg", "20457", "DE"),
)
# fmt: on

SECOND_NAMES = {
    "V1001": ("V1901", "Jiangnan Polymer Material Co Ltd", "江南高分子材料公司"),
    "V1002": ("V1902", "Rheintal-Titan GmbH & Co. KG", "莱茵塔尔钛业有限公司"),
    "V1003": ("V1903", "Jie Nuo Cleanroom Packaging", "洁诺无菌包装"),
    "V1004": ("V1904", "Maasland Sterilisatie BV", None),
}
"""How a second clerk entered the same supplier: code, name, Chinese name. The seed picks which of them exist."""
