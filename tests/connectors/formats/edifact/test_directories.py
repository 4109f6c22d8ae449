"""The tables held to the UN/EDIFACT directories: segments and groups of each message in order, entered a second time from the directories.

A group stands in brackets. Segments that our tables leave out (README.md of the grammars names them) are left out here too; D.01B is said
by what it has otherwise than D.96A.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from connectors.formats.edifact.grammar import GroupUse, SegmentUse, load

ALC = "(ALC ALI DTM (QTY RNG) (PCD RNG) (MOA RNG) (RTE RNG) (TAX MOA))"
ALC_01B_TAX = ALC.replace("(TAX MOA)", "(TAX MOA DTM)")
CONTACTS = "(RFF DTM) (DOC DTM) (CTA COM)"


def order(ajt: str) -> str:
    line = (
        "LIN PIA IMD MEA QTY PCD ALI DTM MOA GIN GIR QVR DOC PAI FTX (CCI CAV MEA) (PAT DTM PCD MOA)"
        f" {ajt} (PRI CUX APR RNG DTM) (RFF DTM) (PAC MEA QTY DTM (RFF DTM) (PCI RFF DTM GIN)) (LOC QTY DTM) (TAX MOA LOC)"
        f" (NAD LOC {CONTACTS}) {ALC} (TDT (LOC DTM)) (TOD LOC) (EQD HAN MEA FTX) (SCC FTX RFF (QTY DTM)) (RCS RFF DTM FTX)"
        " (STG (QTY MOA))"
    )
    return (
        f"BGM DTM PAI ALI IMD FTX (RFF DTM) {ajt} (NAD LOC FII {CONTACTS}) (TAX MOA LOC) (CUX PCD DTM) (PAT DTM PCD MOA)"
        " (TDT (LOC DTM)) (TOD LOC) (PAC MEA (PCI RFF DTM GIN)) (EQD HAN MEA FTX) (SCC FTX RFF (QTY DTM)) (APR DTM RNG)"
        f" {ALC} (RCS RFF DTM FTX) ({line}) UNS MOA CNT (ALC ALI MOA)"
    )


def order_01b(ajt: str) -> str:
    text = order(ajt)
    for old, new in (
        ("IMD FTX (RFF", "IMD FTX GIR (RFF"),
        ("(PAT DTM PCD MOA) (TDT", "(PAT DTM PCD (MOA GIR)) (TDT"),
        (f"(PAT DTM PCD MOA) {ajt} (PRI", f"(PAT DTM PCD (MOA GIR)) {ajt} (PRI"),
        ("(RCS RFF DTM FTX) (LIN", "(RCS RFF DTM FTX) (DGS FTX (CTA COM)) (LIN"),
        ("DTM MOA GIN", "DTM MOA GIS GIN"),
        ("APR RNG DTM) (RFF DTM)", "APR RNG DTM) (RFF DTM GIS MOA)"),
        ("(LOC QTY DTM)", "(LOC QTY PCD DTM)"),
        (f"(TAX MOA LOC) (NAD LOC {CONTACTS})", f"(TAX MOA LOC) (NAD LOC FII {CONTACTS})"),
        ("(STG (QTY MOA))", "(STG (QTY MOA)) (DGS FTX (CTA COM))"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


D96A = {
    "ORDERS": order(""),
    "ORDRSP": order("(AJT FTX)"),
    "ORDCHG": order("(AJT FTX)"),
    "DESADV": """BGM DTM ALI MEA MOA (RFF DTM) (NAD LOC (RFF DTM) (CTA COM)) (TOD LOC FTX) (TDT PCD (LOC DTM)) (EQD MEA SEL EQA (HAN FTX))
        (CPS FTX (PAC MEA QTY (HAN FTX) (PCI RFF DTM GIR (GIN DLM)))
             (LIN PIA IMD MEA QTY ALI GIN GIR DLM DTM FTX MOA (RFF DTM) (DGS QTY FTX) (LOC NAD DTM QTY) (SGP QTY)
                  (PCI DTM MEA QTY (GIN DLM) (HAN FTX GIN)) (QVR DTM))) CNT""",
    "RECADV": """BGM DTM ALI (RFF DTM) (DOC (CDI INP)) (NAD LOC (RFF DTM) (CTA COM)) (TOD (CDI INP) (LOC CDI)) (TDT DTM CDI)
        (EQD (CDI INP) (SEL CDI) (EQA (CDI INP)))
        (CPS (PAC QVR (PCI RFF (CDI INP) (GIN (CDI INP))))
             (LIN PIA IMD QTY QVR DTM (CDI INP) (DOC (CDI INP)) (GIN (CDI INP)) (RFF DTM) (PCI QTY QVR (CDI INP) (GIN (CDI INP))))) CNT""",
    "INVOIC": f"""BGM DTM PAI ALI IMD FTX (RFF DTM) (NAD LOC FII {CONTACTS}) (TAX MOA LOC) (CUX DTM) (PAT DTM PCD MOA PAI FII)
        (TDT (LOC DTM) (RFF DTM)) (TOD LOC) (PAC MEA (PCI RFF DTM GIN))
        (ALC ALI (RFF DTM) (QTY RNG) (PCD RNG) (MOA RNG) (RTE RNG) (TAX MOA)) (RCS RFF DTM FTX) (AJT FTX) (INP FTX)
        (LIN PIA IMD MEA QTY PCD ALI DTM GIN GIR QVR EQD FTX (MOA CUX) (PAT DTM PCD MOA) (PRI APR RNG DTM) (RFF DTM)
             (PAC MEA (PCI RFF DTM GIN)) (LOC QTY DTM) (TAX MOA LOC) (NAD LOC {CONTACTS}) {ALC} (TDT (LOC DTM)) (TOD LOC)
             (RCS RFF DTM FTX)) UNS CNT (MOA (RFF DTM)) (TAX MOA) (ALC ALI MOA)""",
    # in D.96A the packages of a quantity have a QTY of their own, which could not be told from the item's next
    "INVRPT": """BGM DTM (RFF DTM) (NAD LOC (RFF DTM) (CTA COM)) (CUX DTM) (CPS (PAC PCI (QTY GIN DTM)))
        (LIN PIA IMD MEA ALI LOC DTM (RFF DTM)
             (QTY INV GIN LOC DTM STS (NAD LOC) (PRI CUX DTM) (RFF DTM) (CPS (PAC MEA (PCI RFF DTM GIN)))))""",
    "SLSRPT": """BGM DTM (NAD (CTA COM)) (RFF DTM) (CUX DTM)
        (LOC DTM (RFF DTM) (LIN PIA IMD PAC RFF DOC ALI MOA PRI GIN (QTY MKS NAD)))""",
    "PARTIN": """BGM DTM FII FTX (RFF DTM) (NAD (CTA COM)) UNS
        (NAD DTM FII (LOC DTM) (RFF DTM) (CTA COM) (SCC DTM) (TOD LOC) (PAI PAT CUX))""",
    "PRICAT": f"""BGM DTM ALI FTX (RFF DTM) (NAD LOC (RFF DTM) (CTA COM)) (TAX MOA) (CUX DTM) (PAT DTM PCD MOA) (TDT LOC) (TOD LOC) {ALC}
        (PGI DTM QTY ALI FTX (CUX DTM) (PRI CUX APR RNG DTM) (TAX MOA) {ALC.replace("ALI DTM", "ALI")}
             (NAD LOC (RFF DTM) (CTA COM)) (PAT DTM PCD MOA) (TDT LOC) (TOD LOC) (PAC MEA HAN)
             (LIN PIA IMD MEA QTY HAN ALI DTM NAD RFF LOC DOC FTX (CCI CAV MEA) (TAX MOA) (CUX DTM) (PRI CUX APR RNG DTM PCD)
                  {ALC} (PAC MEA HAN) (PAT DTM PCD MOA) (TDT LOC) (TOD LOC)))""",
    "DELFOR": """BGM DTM (RFF DTM) (NAD LOC (CTA COM)) UNS
        (NAD LOC FTX (DOC DTM) (CTA COM) (TDT DTM)
             (LIN PIA IMD MEA ALI GIN GIR LOC DTM FTX (CTA COM) (RFF DTM) (TDT DTM) (QTY SCC DTM (RFF DTM))
                  (PAC MEA QTY DTM (PCI GIN) (QVR DTM (RFF DTM)))))
        (LIN PIA IMD MEA ALI GIN GIR DTM FTX (RFF DTM) (QTY SCC DTM (RFF DTM)) (PAC MEA QTY DTM (PCI GIN))
             (NAD LOC FTX (DOC DTM) (CTA COM) (QTY SCC DTM (RFF DTM)) (QVR DTM (RFF DTM)) (TDT DTM))) UNS CNT FTX""",
    "IFTSTA": """BGM DTM TSR (NAD (CTA COM)) (RFF DTM) LOC FTX CNT
        (CNI LOC CNT (STS RFF DTM DOC FTX NAD LOC PCI (TDT RFF LOC DTM) (EQD MEA DIM SEL (EQA SEL))
                         (GID HAN (MEA EQN) (DIM EQN) (PCI GIN))))""",
    "APERAK": "BGM DTM FTX CNT (RFF DTM) (NAD CTA COM) (ERC FTX (RFF FTX))",
}
D01B = {
    "ORDERS": order_01b(""),
    "DESADV": """BGM DTM ALI MEA MOA CUX (RFF DTM) (NAD LOC (RFF DTM) (CTA COM)) (TOD LOC FTX) (TDT PCD TMD (LOC DTM))
        (EQD MEA SEL EQA (HAN FTX))
        (CPS FTX QVR (PAC MEA QTY (HAN FTX) (PCI RFF DTM (GIR DTM) (GIN DLM) (COD MEA QTY PCD)))
             (LIN PIA IMD MEA QTY ALI GIN GIR DLM DTM NAD TDT TMD HAN FTX MOA (RFF NAD CTA DTM) (DGS QTY FTX) (LOC NAD DTM QTY) (SGP QTY)
                  (PCI DTM MEA QTY (GIN DLM) (HAN FTX GIN)) (QVR DTM))) CNT""",
    "RECADV": """BGM DTM ALI CUX FTX (RFF DTM MOA ALC) (DOC (CDI INP)) (NAD LOC (RFF DTM) (CTA COM)) (TOD (CDI INP) (LOC CDI)) (TDT DTM CDI)
        (EQD (CDI INP) (SEL CDI) (EQA (CDI INP)))
        (CPS (PAC QVR (PCI RFF (CDI INP) (GIN (CDI INP))))
             (LIN PIA IMD QTY QVR DTM PRI FTX NAD (CDI INP) (DOC (CDI INP)) (GIN (CDI INP)) (RFF DTM MOA ALC)
                  (PCI QTY QVR (CDI INP) (GIN (CDI INP))))) CNT""",
    "INVOIC": f"""BGM DTM PAI ALI IMD FTX LOC GIS DGS GIR (RFF DTM GIR LOC MEA QTY FTX MOA RTE) (NAD LOC FII MOA {CONTACTS})
        (TAX MOA LOC) (CUX DTM)
        (PAT DTM PCD MOA PAI FII) (TDT TSR (LOC DTM) (RFF DTM)) (TOD LOC) (EQD SEL) (PAC MEA EQD (PCI RFF DTM GIN))
        (ALC ALI FTX (RFF DTM) (QTY RNG) (PCD RNG) (MOA RNG CUX DTM) (RTE RNG) (TAX MOA)) (RCS RFF DTM FTX) (AJT FTX) (INP FTX)
        (LIN PIA PGI IMD MEA QTY PCD ALI DTM GIN GIR QVR EQD FTX DGS (MOA CUX) (PAT DTM PCD MOA) (PRI CUX APR RNG DTM) (RFF DTM)
             (PAC MEA EQD (PCI RFF DTM GIN)) (LOC QTY DTM) (TAX MOA LOC) (NAD LOC FII {CONTACTS})
             (ALC ALI DTM FTX (QTY RNG) (PCD RNG) (MOA RNG CUX DTM) (RTE RNG) (TAX MOA)) (TDT (LOC DTM)) (TOD LOC) (RCS RFF DTM FTX)
             (GIS RFF DTM GIR LOC MEA QTY FTX MOA)) UNS CNT (MOA (RFF DTM)) (TAX MOA) (ALC ALI MOA FTX)""",
    "INVRPT": """BGM FTX DTM (RFF DTM) (NAD LOC (RFF DTM) (CTA COM)) (CUX DTM) (CPS (PAC PCI (QTY GIN DTM)))
        (LIN PIA IMD NAD MEA ALI LOC DTM FTX (RFF DTM)
             (INV QTY GIN LOC DTM STS (NAD LOC) (PRI CUX DTM) (RFF DTM) (CPS (PAC MEA QTY (PCI RFF DTM GIN (GIR DTM))))))""",
    "SLSRPT": """BGM DTM MKS (RFF DTM) (NAD (CTA COM) (RFF DTM)) (CUX DTM STS)
        (LOC DTM FTX (RFF DTM) (LIN PIA IMD DTM PAC RFF DOC ALI MOA GIN (PRI CUX) PAI (QTY MKS NAD PRI DTM RFF STS)))
        (GIS (LIN PIA IMD PAC MOA (LOC RFF DTM MOA (QTY PRI DTM RFF STS)))) UNS MOA""",
    "PARTIN": """BGM DTM FII FTX (RFF DTM) (NAD (CTA COM)) UNS
        (NAD DTM FII FTX TAX (LOC DTM) (RFF DTM) (CTA COM) (SCC DTM) (TOD LOC) (PAI PAT CUX DTM PCD MOA) (RCS MOA QTY)
             (CCI MOA QTY CAV DTM MEA))""",
    "PRICAT": f"""BGM DTM ALI FTX (RFF DTM) (NAD LOC (RFF DTM) (CTA COM)) (TAX MOA DTM) (CUX DTM) (PAT DTM PCD MOA) (TDT LOC)
        (TOD LOC) {ALC_01B_TAX}
        (PGI DTM QTY ALI FTX (CUX DTM) (PRI CUX APR RNG DTM) (TAX MOA DTM) {ALC_01B_TAX.replace("ALI DTM", "ALI")}
             (NAD LOC (RFF DTM) (CTA COM)) (PAT DTM PCD MOA) (TDT LOC) (TOD LOC) (PAC MEA HAN)
             (LIN PIA IMD MEA QTY HAN ALI DTM RFF LOC DOC FTX (CCI CAV MEA) (TAX MOA DTM) (CUX DTM) (PRI CUX APR RNG DTM PCD LOC)
                  {ALC_01B_TAX} (PAC MEA QTY HAN) (PAT DTM PCD MOA) (TDT LOC) (TOD LOC) (NAD (CTA COM)) (DGS QTY FTX)))""",
    "DELFOR": """BGM DTM FTX (RFF DTM) (NAD (RFF DTM) (CTA COM)) (TDT DTM)
        (GIS (NAD LOC FTX (RFF DTM) (DOC DTM) (CTA COM) (TDT DTM))
             (LIN PIA IMD MEA ALI GIN GIR LOC DTM FTX (RFF DTM) (TDT TMD DTM) (QTY DTM (RFF DTM)) (SCC (QTY DTM (RFF DTM)))
                  (PAC MEA QTY DTM (PCI GIN))
                  (NAD LOC FTX (DOC DTM) (CTA COM) (QTY DTM (RFF DTM)) (SCC (QTY DTM (RFF DTM))) (TDT DTM))))""",
    "IFTSTA": """BGM DTM TSR (NAD (CTA COM)) (RFF DTM) LOC FTX CNT
        (CNI LOC CNT (STS RFF DTM DOC FTX (NAD (CTA COM)) LOC PCI (TDT DTM RFF (LOC DTM)) (EQD MEA DIM SEL RFF TMD (EQA SEL))
                         (GID HAN SGP DGS FTX (MEA EQN) (DIM EQN) (PCI GIN))))""",
    "APERAK": "BGM DTM FTX CNT (DOC DTM) (RFF DTM) (NAD CTA COM) (ERC FTX (RFF FTX))",
}


def outline(body: Sequence[SegmentUse | GroupUse]) -> str:
    """A body as the tables above say it; what UNS opens follows it, as on the wire."""
    said = []
    for use in body:
        if isinstance(use, SegmentUse):
            said.append(use.id)
        else:
            inner = outline(use.body)
            said.append(inner if use.first.id == "UNS" else f"({inner})")
    return " ".join(said)


@pytest.mark.parametrize(
    ("message", "directory", "wanted"),
    [(name, "D.96A", text) for name, text in D96A.items()] + [(name, "D.01B", text) for name, text in D01B.items()],
)
def test_segments_and_groups_stand_as_in_the_directory(message: str, directory: str, wanted: str) -> None:
    grammar = load(message, directory)
    assert grammar is not None
    assert outline(grammar.body) == " ".join(wanted.replace("( ", "(").split()).replace("( ", "(")
