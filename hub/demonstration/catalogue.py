"""What NovaMed buys and makes: candidates out of which a seed picks about twenty items and gives them their GTINs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random

from hub.demonstration.company import JIANGNAN_POLYMER, NOVAMED, RHEINTAL_TITAN, Supplier
from hub.demonstration.identifiers import gtin13, gtin14


@dataclass(frozen=True, slots=True)
class Item:
    """An item as the ERP's item master knows it, with its packaging levels."""

    code: str
    name_en: str
    name_zh: str
    kind: str
    """`raw`, `component` or `finished`."""
    unit: str
    """Base unit: EA or KG."""
    gtin: str
    """GTIN of the base unit: 13 digits, or 14 with indicator 9 where the base unit is a weight."""
    gtin_case: str | None
    case_quantity: int | None
    shelf_life_days: int
    serial_controlled: bool
    supplier: Supplier | None
    supplier_item: str | None
    price: Decimal
    """Agreed purchase price of one base unit in the supplier's currency; 0 for what is made in the house."""

    @property
    def gtin14(self) -> str:
        """The base unit's GTIN as the hub keeps it, padded to 14 digits."""
        return self.gtin.zfill(14)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A catalogue entry before the seed gives it a GTIN and a price."""

    code: str
    name_en: str
    name_zh: str
    kind: str
    supplier: Supplier | None
    supplier_item: str | None
    case_quantity: int | None
    shelf_life_days: int
    price_from: int
    """Lowest price in cents; the seed adds up to a fifth."""
    serial_controlled: bool = False
    parts: tuple[tuple[str, str], ...] = ()
    """Bill of material: item code and quantity for one piece."""
    buyers: tuple[str, ...] = ("suzhou",)

    @property
    def unit(self) -> str:
        """Granulates are bought by weight, in bags that are no trade item of their own; all else by the piece."""
        return "EA" if self.case_quantity else "KG"


_J, _R = JIANGNAN_POLYMER, RHEINTAL_TITAN

# fmt: off
BOUGHT = (
    Candidate("RM-1001", "PEBAX granulate 55D, radiopaque", "聚醚嵌段酰胺粒料 55D（显影）",
              "raw", _J, "JN-PBX55", None, 1095, 38600),
    Candidate("RM-1002", "PTFE liner tube 0.90 mm", "PTFE 内衬管 0.90 毫米",
              "raw", _J, "JN-PTF090", 200, 1460, 640),
    Candidate("RM-1003", "Nylon 12 balloon tubing 1.10 mm", "尼龙 12 球囊管材 1.10 毫米",
              "raw", _J, "JN-PA12T", 100, 730, 1180),
    Candidate("RM-1004", "PEEK rod 20 mm x 1 m", "PEEK 棒材 20 毫米 × 1 米",
              "raw", _J, "JN-PKR20", 10, 1825, 128000),
    Candidate("RM-1005", "Sterile pouch, spunbond, 120 x 900 mm", "无菌透析袋 120 × 900 毫米",
              "raw", _J, "JN-TYV12", 500, 1825, 310),
    Candidate("RM-1006", "Polycarbonate granulate, medical grade", "医用聚碳酸酯粒料",
              "raw", _J, "JN-PC21", None, 1460, 5400),
    Candidate("CP-3001", "Luer hub, moulded, clear", "鲁尔接头（注塑，透明）",
              "component", _J, "JN-LUER1", 250, 1825, 185),
    Candidate("RM-2001", "Titanium rod Ti-6Al-4V ELI 7 mm x 1 m", "钛合金棒材 Ti-6Al-4V ELI 7 毫米 × 1 米",
              "raw", _R, "RT-70-ELI", 10, 3650, 6240),
    Candidate("RM-2002", "Titanium rod Ti-6Al-4V ELI 12 mm x 1 m", "钛合金棒材 Ti-6Al-4V ELI 12 毫米 × 1 米",
              "raw", _R, "RT-120-ELI", 10, 3650, 11850),
    Candidate("RM-2003", "Hypotube cannula 316LVM 0.66 mm", "316LVM 海波管 0.66 毫米",
              "raw", _R, "RT-HYP066", 50, 3650, 890),
    Candidate("RM-2004", "Marker band Pt-Ir 1.0 mm", "铂铱显影环 1.0 毫米",
              "raw", _R, "RT-PTIR10", 100, 3650, 1420),
    Candidate("RM-2005", "Braiding wire 304V 0.05 mm, bobbin", "304V 编织丝 0.05 毫米（线轴）",
              "raw", _R, "RT-304V05", 20, 3650, 4700),
    Candidate("FG-5001", "Spinal rod titanium 5.5 x 100 mm", "脊柱固定棒（钛）5.5 × 100 毫米",
              "finished", _R, "RT-SR55-100", 10, 1825, 4150, buyers=("rotterdam",)),
    Candidate("FG-5002", "Cannulated drill bit 4.0 mm, sterile", "空心钻头 4.0 毫米（无菌）",
              "finished", _R, "RT-DB40", 5, 1460, 3780, buyers=("rotterdam",)),
    Candidate("FG-5003", "Torque driver T25, single use", "一次性扭力螺丝刀 T25",
              "finished", _R, "RT-TD25", 5, 1460, 5230, buyers=("rotterdam",)),
    Candidate("FG-5004", "Spinal rod titanium 5.5 x 200 mm", "脊柱固定棒（钛）5.5 × 200 毫米",
              "finished", _R, "RT-SR55-200", 10, 1825, 5890, buyers=("rotterdam",)),
)
_CATHETER = (("RM-1001", "0.02"), ("RM-1002", "1"), ("RM-2004", "1"), ("RM-2005", "0.05"), ("CP-3001", "1"), ("RM-1005", "1"))
_BALLOON = (("RM-1003", "1"), ("RM-2003", "1"), ("RM-2004", "2"), ("CP-3001", "1"), ("RM-1005", "1"))
MADE = (
    Candidate("FG-4001", "Coronary guide catheter 6F JL 3.5", "冠脉导引导管 6F JL 3.5",
              "finished", None, None, 5, 1095, 0, parts=_CATHETER),
    Candidate("FG-4002", "Coronary guide catheter 6F JR 4.0", "冠脉导引导管 6F JR 4.0",
              "finished", None, None, 5, 1095, 0, parts=_CATHETER),
    Candidate("FG-4003", "Coronary guide catheter 7F EBU 3.5", "冠脉导引导管 7F EBU 3.5",
              "finished", None, None, 5, 1095, 0, parts=_CATHETER),
    Candidate("FG-4101", "Balloon catheter 2.5 x 15 mm", "球囊扩张导管 2.5 × 15 毫米",
              "finished", None, None, 5, 730, 0, True, _BALLOON),
    Candidate("FG-4102", "Balloon catheter 3.0 x 20 mm", "球囊扩张导管 3.0 × 20 毫米",
              "finished", None, None, 5, 730, 0, True, _BALLOON),
    Candidate("FG-4201", "Spinal screw, polyaxial 6.5 x 45 mm", "脊柱螺钉（万向）6.5 × 45 毫米",
              "finished", None, None, 10, 1825, 0, parts=(("RM-2001", "0.05"), ("RM-1005", "1"))),
    Candidate("FG-4202", "Spinal screw, polyaxial 5.5 x 40 mm", "脊柱螺钉（万向）5.5 × 40 毫米",
              "finished", None, None, 10, 1825, 0, parts=(("RM-2002", "0.05"), ("RM-1005", "1"))),
    Candidate("FG-4301", "Interbody cage PEEK 10 x 24 mm", "椎间融合器 PEEK 10 × 24 毫米",
              "finished", None, None, 5, 1825, 0, True, (("RM-1004", "0.05"), ("RM-1005", "1"))),
)
# fmt: on
_MADE_FAMILIES = (MADE[0:3], MADE[3:5], MADE[5:7], MADE[7:8])


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The items of one story, and who buys or makes which."""

    items: tuple[Item, ...]
    made: tuple[tuple[Item, tuple[tuple[Item, Decimal], ...]], ...]
    """Finished devices made in Suzhou, each with its parts for one piece."""
    bought: dict[tuple[str, str], tuple[Item, ...]]
    """(supplier key, organisation key) to what is ordered there."""


def pick(rnd: Random) -> Catalogue:
    """Choose this story's items, item references and prices."""
    made = [candidate for family in _MADE_FAMILIES for candidate in sorted(rnd.sample(family, (len(family) + 1) // 2), key=_code)]
    needed = {code for candidate in made for code, _ in candidate.parts}
    spare = [candidate for candidate in BOUGHT if candidate.kind == "raw" and candidate.code not in needed]
    traded = [candidate for candidate in BOUGHT if candidate.kind == "finished"]
    kept = needed | {c.code for c in rnd.sample(spare, min(1, len(spare)))} | {c.code for c in rnd.sample(traded, 3)} | {"FG-5001"}
    chosen = [candidate for candidate in BOUGHT if candidate.code in kept] + made
    references = rnd.sample(range(100, 1000), len(chosen))
    items = {candidate.code: _item(candidate, reference, rnd) for candidate, reference in zip(chosen, references, strict=True)}
    bought: dict[tuple[str, str], tuple[Item, ...]] = {}
    for candidate in chosen:
        if candidate.supplier is not None:
            for buyer in candidate.buyers:
                key = (candidate.supplier.key, buyer)
                bought[key] = (*bought.get(key, ()), items[candidate.code])
    bills = tuple((items[c.code], tuple((items[code], Decimal(each)) for code, each in c.parts)) for c in made)
    return Catalogue(tuple(items[code] for code in sorted(items)), bills, bought)


def _code(candidate: Candidate) -> str:
    return candidate.code


def _item(candidate: Candidate, reference: int, rnd: Random) -> Item:
    base = gtin13(candidate.supplier.prefix if candidate.supplier else NOVAMED, reference)
    price = Decimal(candidate.price_from + rnd.randint(0, candidate.price_from // 5)) / 100
    return Item(
        code=candidate.code,
        name_en=candidate.name_en,
        name_zh=candidate.name_zh,
        kind=candidate.kind,
        unit=candidate.unit,
        gtin=base if candidate.case_quantity else gtin14(base, 9),
        gtin_case=gtin14(base, 1) if candidate.case_quantity else None,
        case_quantity=candidate.case_quantity,
        shelf_life_days=candidate.shelf_life_days,
        serial_controlled=candidate.serial_controlled,
        supplier=candidate.supplier,
        supplier_item=candidate.supplier_item,
        price=price,
    )
