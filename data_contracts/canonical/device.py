"""A device as its labeler describes it: everything that a UDI database asks for, held once and projected to each of them.

    Basic UDI-DI          the model in its technical documentation (EU); several devices share one
    └ UDI-DI              this record: the lowest level that bears a UDI on its label (`number`)
      ├ unit of use       one device where a UDI-DI holds several (`unit_of_use_di`)
      └ packages          each with its own DI, how many of the next lower level it holds, and of which

What all markets ask stands on the device itself; what only one authority asks stands in its section: `us` (FDA GUDID, 21 CFR 830
subpart E), `eu` (EUDAMED, Regulation (EU) 2017/745 annex VI part B), `cn` (NMPA UDID, YY/T 1752). A market without a section is one
where the device is not sold. Lists stand on the device, whoever asks for them, since a mapping fills them row by row.
"""

from __future__ import annotations

from typing import Literal

from data_contracts.canonical.base import Amount, BusinessDocument, Entity, PartialDate

Issuer = Literal["gs1", "hibcc", "iccbba", "ifa", "cn_ma", "cn_ahm", "ndc", "eudamed"]
"""Who issues a device identifier: the words of `identifiers.udi`, the US drug codes that GUDID takes, and EUDAMED's own for old devices."""

Status = Literal["on_market", "withdrawn", "not_intended"]
"""Whether a device is sold in a market: yes, no longer, or never meant to be."""


class DeviceText(Entity):
    """A text in one language: ISO 639-1 in small letters, `any` for all."""

    language: str
    text: str


class DeviceIdentifier(Entity):
    """A device identifier (DI) and who issued it."""

    di: str
    issuer: Issuer | None = None


class Package(Entity):
    """A packaging level above the UDI-DI."""

    di: str
    issuer: Issuer | None = None
    contains: str
    """DI of the next lower level: of another package or the device's own."""
    contains_issuer: Issuer | None = None
    quantity: int
    """How many of the next lower level it holds."""
    kind: str | None = None
    """As its labeler calls it: case, 箱."""
    status: Status | None = None
    withdrawn_on: PartialDate | None = None


class ProductionIdentifiers(Entity):
    """What the label states beside the UDI-DI (UDI-PI)."""

    lot: bool | None = None
    serial: bool | None = None
    manufacturing_date: bool | None = None
    expiry_date: bool | None = None
    software_version: bool | None = None
    donation_number: bool | None = None
    """Donation identification number of a device that is also tissue (21 CFR 1271)."""


class Sterility(Entity):
    """How it comes and what is to be done before use."""

    sterile: bool | None = None
    """Packaged sterile."""
    sterilise_before_use: bool | None = None
    methods: list[str] = []
    """By which it can be sterilised: words of `mappings/codes/gudid_sterilisation.csv`, or as stated."""


class StorageCondition(Entity):
    """One condition of storage or handling. Limits have each their unit, as GUDID states them."""

    condition: str
    """`storage_temperature`, `keep_dry`: words of `mappings/codes/eudamed_storage.csv`."""
    low: Amount | None = None
    low_unit: str | None = None
    high: Amount | None = None
    high_unit: str | None = None
    text: str | None = None
    texts: list[DeviceText] = []


class CriticalWarning(Entity):
    """A critical warning or contra-indication of the label."""

    code: str
    """Of EUDAMED's list, `CW006`."""
    texts: list[DeviceText] = []


class DeviceSize(Entity):
    """A clinically relevant size: one value, a range, or words."""

    kind: str
    """`length`, `outer_diameter`: words of `mappings/codes/eudamed_size.csv`; `text` for one that is only described."""
    value: Amount | None = None
    low: Amount | None = None
    high: Amount | None = None
    measure: str | None = None
    """Unit: words of `mappings/codes/eudamed_measure.csv`, such as `millimetre`."""
    text: str | None = None
    kind_texts: list[DeviceText] = []
    """What kind it is, where the list has no word for it."""
    measure_texts: list[DeviceText] = []


class Substance(Entity):
    """A substance that regulations ask to be named."""

    kind: Literal["cmr_1a", "cmr_1b", "endocrine", "medicinal", "human_blood"]
    cas: str | None = None
    ec: str | None = None
    inn: str | None = None
    names: list[DeviceText] = []


class GmdnTerm(Entity):
    """A term of the Global Medical Device Nomenclature."""

    code: str | None = None
    name: str | None = None
    definition: str | None = None
    implantable: bool | None = None
    status: str | None = None


class ProductCode(Entity):
    """A product code of the FDA."""

    code: str
    name: str | None = None


class PremarketSubmission(Entity):
    """Under which decision of the FDA it may be sold."""

    number: str
    supplement: str | None = None
    kind: str | None = None


class Certificate(Entity):
    """A certificate of a notified body."""

    kind: str
    """Of EUDAMED's list, `MDR_TECHNICAL_DOCUMENTATION`."""
    number: str | None = None
    revision: str | None = None
    notified_body: str
    """Its four digits."""
    expires_on: PartialDate | None = None


class Market(Entity):
    """A state of the EU's market in which it is made available."""

    state: str
    """ISO 3166-1, or `XI` for Northern Ireland."""
    first: bool = False
    """Here it was placed on the EU market first."""
    from_on: PartialDate | None = None
    until_on: PartialDate | None = None


class Contact(Entity):
    """Whom a user may ask."""

    phone: str | None = None
    extension: str | None = None
    email: str | None = None
    fax: str | None = None


class Operator(Entity):
    """An economic operator: labeler, manufacturer, authorised representative."""

    name: str | None = None
    name_zh: str | None = None
    duns: str | None = None
    srn: str | None = None
    """Single registration number of EUDAMED."""
    credit_code: str | None = None
    """统一社会信用代码."""
    gln: str | None = None
    country: str | None = None


class UsDevice(Entity):
    """What GUDID asks or assigns (21 CFR 830.310)."""

    record_key: str | None = None
    version: int | None = None
    version_on: PartialDate | None = None
    version_state: str | None = None
    record_state: str | None = None
    published_on: PartialDate | None = None
    status: Status | None = None
    withdrawn_on: PartialDate | None = None
    device_class: str | None = None
    direct_mark_exempt: bool | None = None
    premarket_exempt: bool | None = None
    tissue: bool | None = None
    """HCT/P: consists of human cells or tissues."""
    combination: bool | None = None
    prescription: bool | None = None
    over_the_counter: bool | None = None
    establishments: list[str] = []
    """FEI numbers."""


class EuDevice(Entity):
    """What EUDAMED asks or assigns."""

    legislation: Literal["mdr", "ivdr", "pack", "mdd", "aimdd", "ivdd"] | None = None
    """`pack`: a system or procedure pack."""
    version: str | None = None
    version_on: PartialDate | None = None
    status: Status | None = None
    risk_class: str | None = None
    """Of EUDAMED's list, `CLASS_IIB`."""
    model: str | None = None
    """Model of the Basic UDI-DI."""
    model_name: str | None = None
    kind: Literal["device", "system", "procedure_pack"] | None = None
    special: str | None = None
    active: bool | None = None
    administers_medicine: bool | None = None
    measuring: bool | None = None
    reusable_instrument: bool | None = None
    animal_tissue: bool | None = None
    human_tissue: bool | None = None
    human_blood_product: bool | None = None
    medicinal_product: bool | None = None
    suture_or_staple: bool | None = None
    """Of those that article 52(4) MDR excepts."""
    reprocessed: bool | None = None
    companion_diagnostic: bool | None = None
    instrument: bool | None = None
    microbial: bool | None = None
    near_patient: bool | None = None
    professional: bool | None = None
    reagent: bool | None = None
    self_testing: bool | None = None
    new_device: bool | None = None
    designer_srn: str | None = None
    annex_xvi: bool | None = None
    """Without an intended medical purpose (annex XVI MDR)."""
    annex_xvi_kinds: list[str] = []
    related_di: str | None = None
    """The same device under the other law: the old directive's of a device of the regulation, or the other way round."""
    related_issuer: Issuer | None = None


class CnDevice(Entity):
    """What NMPA's UDID asks or assigns."""

    record_key: str | None = None
    version: int | None = None
    version_on: PartialDate | None = None
    version_state: str | None = None
    published_on: PartialDate | None = None
    withdrawn_on: PartialDate | None = None
    carriers: str | None = None
    """标识载体, as filed: `1,2`, 一维码."""
    as_registered: bool | None = None
    """The DI is the one of the registration."""
    registered_di: str | None = None
    direct_marked: bool | None = None
    direct_mark_same: bool | None = None
    kind: Literal["device", "ivd_reagent"] | None = None
    category: Literal["consumable", "equipment"] | None = None
    class_code: str | None = None
    """`03-13-06` of the classification catalogue."""
    former_class_code: str | None = None
    registration: str | None = None
    """Registration or filing numbers, with commas between."""
    insurance_code: str | None = None
    storage_note: str | None = None
    size_note: str | None = None
    sterilisation: str | None = None
    """灭菌方式, as filed."""


class Device(BusinessDocument):
    """One version of a device. `number` is the UDI-DI as on the label, without an application identifier."""

    issuer: Issuer | None = None
    basic_udi_di: str | None = None
    basic_udi_di_issuer: Issuer | None = None
    effective_on: PartialDate | None = None
    """The day from which this version holds; null: from when it was said."""
    name: str | None = None
    """Brand or trade name."""
    name_zh: str | None = None
    generic_name: str | None = None
    generic_name_zh: str | None = None
    """产品名称/通用名称."""
    model: str | None = None
    """Version or model, 规格型号."""
    catalogue_number: str | None = None
    description: str | None = None
    description_zh: str | None = None
    trade_names: list[DeviceText] = []
    """In the languages of the EU; the first counts."""
    descriptions: list[DeviceText] = []
    medicinal_purposes: list[DeviceText] = []
    """What a system or procedure pack is for (EUDAMED)."""
    base_quantity: int | None = None
    """Devices under one UDI-DI."""
    unit_of_use_di: str | None = None
    unit_of_use_issuer: Issuer | None = None
    direct_marks: list[DeviceIdentifier] = []
    secondary_dis: list[DeviceIdentifier] = []
    previous_di: str | None = None
    previous_issuer: Issuer | None = None
    packages: list[Package] = []
    pi: ProductionIdentifiers | None = None
    sterility: Sterility | None = None
    storage: list[StorageCondition] = []
    warnings: list[CriticalWarning] = []
    sizes: list[DeviceSize] = []
    substances: list[Substance] = []
    single_use: bool | None = None
    max_reuses: int | None = None
    """How often it may be used again: 0 for single use, -1 where nothing limits it (EUDAMED FLD-UDID-157)."""
    latex: bool | None = None
    """Contains natural rubber latex."""
    labelled_latex_free: bool | None = None
    mri: Literal["safe", "conditional", "unsafe", "not_stated"] | None = None
    implantable: bool | None = None
    kit: bool | None = None
    gmdn_terms: list[GmdnTerm] = []
    emdn_codes: list[str] = []
    product_codes: list[ProductCode] = []
    premarket_submissions: list[PremarketSubmission] = []
    certificates: list[Certificate] = []
    markets: list[Market] = []
    contacts: list[Contact] = []
    website: str | None = None
    labeler: Operator | None = None
    manufacturer: Operator | None = None
    """Of the EU; the registrant in China."""
    authorised_representative: Operator | None = None
    us: UsDevice | None = None
    eu: EuDevice | None = None
    cn: CnDevice | None = None
