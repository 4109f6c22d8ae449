"""A register's release of a million devices, compared with a store of our own, in flat memory; what was planted is what is found.

    python -m benchmarks.extracts [--records 1000000] [--devices 2000] [--most 200] [--layout xml|delimited|nmpa]

The release is generated, written to a ZIP of many parts in a temporary folder, and read as the hub reads it. Every fifth of our devices
is published otherwise than we say, every fiftieth is not published, and as many are published under our name that we do not know. A
process of its own reads each layout, so that its peak is the whole program's. Exit code 1 where it is over `--most` MB, or where
another number of differences is found than was planted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from hashlib import sha512
from io import BytesIO
from pathlib import Path
from typing import Any

from benchmarks.stream import memory
from data_contracts.identifiers.check_digit import check_digit

_PARTS = 50_000
"""Records of one part."""
_US, _CN = "NovaMed Devices (Suzhou) Co., Ltd.", "诺康医疗器械（苏州）有限公司"
_FILLING = "Cortical screw, titanium, 4.0 mm, for the fixation of long bones; supplied sterile, for single use only. " * 3
_SITE = Path(__file__).parents[1] / "deploy" / "site"


def di(company: int, number: int) -> str:
    """A GTIN of a company's; ours is company 44, others are above."""
    digits = f"0690{company:03d}{number:06d}"
    return digits + check_digit(digits)


def description(number: str) -> str:
    """Words of its own for each device, since equal ones would be packed to nothing."""
    return f"{_FILLING} {sha512(number.encode()).hexdigest() * 2}"


def published(records: int, devices: int) -> Iterator[tuple[str, str, bool, bool]]:
    """DI, company, whether it is ours, and whether it is published otherwise than we say. Ours stand evenly among the others."""
    step, own, foreign = max(1, records // (devices + devices // 50)), 0, 0
    for place in range(records):
        if place % step == 0 and own < devices + devices // 50:
            number, own = own, own + 1
            if number >= devices or number % 50:  # those above are unknown to us
                yield di(44, number), _US, True, number % 5 == 0
                continue
        foreign += 1
        yield di(100 + foreign // 1_000_000, foreign % 1_000_000), "Elsewhere Inc.", False, False


def expected(devices: int) -> dict[str, int]:
    """How many differences of each kind were planted."""
    published_ours = [number for number in range(devices) if number % 50]
    return {
        "value": sum(number % 5 == 0 for number in published_ours),
        "missing_there": devices - len(published_ours),
        "missing_here": devices // 50,
    }


def master(devices: int) -> bytes:
    """Our own device master as the ERP exports it."""
    listed = [
        {
            "udi_di": di(44, number), "issuer": "gs1", "revision": 1, "updated_at": "2026-11-01T08:00:00+08:00", "name": "Orthia",
            "generic_name_zh": "骨螺钉", "model": "OS", "base_quantity": 1, "mri": "conditional", "labeler": {"name": _US},
            "manufacturer": {"name_zh": _CN}, "us": {"status": "on_market"}, "cn": {"registration": "国械注准20253130001"},
        }
        for number in range(devices)
    ]  # fmt: skip
    return json.dumps({"exported_at": "2026-11-01T08:00:00+08:00", "devices": listed}, ensure_ascii=False).encode()


def write(path: Path, layout: str, records: int, devices: int) -> None:
    """A release."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        if layout == "delimited":
            _delimited(archive, records, devices)
            return
        rows = published(records, devices)
        for part in range(-(-records // _PARTS)):
            with archive.open(f"PART{part + 1}_Of_{-(-records // _PARTS)}.xml", "w", force_zip64=True) as out:
                head, record, tail = (_GUDID_HEAD, _gudid, b"</gudid>") if layout == "xml" else (_NMPA_HEAD, _nmpa, b"</devices></udid>")
                out.write(head)
                for _, row in zip(range(_PARTS), rows, strict=False):
                    out.write(record(*row))
                out.write(tail)


_GUDID_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<gudid xmlns="http://www.fda.gov/cdrh/gudid">\n'
_NMPA_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<udid version="1.0"><devices>\n'


def _gudid(number: str, company: str, ours: bool, otherwise: bool) -> bytes:
    mri = "MR Unsafe" if otherwise else "MR Conditional"
    return (
        f"<device><publicVersionDate>2026-10-05</publicVersionDate><devicePublishDate>2026-10-01</devicePublishDate>"
        f"<deviceCommDistributionStatus>In Commercial Distribution</deviceCommDistributionStatus>"
        f"<identifiers><identifier><deviceId>{number}"
        f"</deviceId><deviceIdType>Primary</deviceIdType><deviceIdIssuingAgency>GS1</deviceIdIssuingAgency></identifier></identifiers>"
        f"<brandName>Orthia</brandName><versionModelNumber>OS</versionModelNumber><companyName>{company}</companyName><deviceCount>1"
        f"</deviceCount>"
        f"{'' if ours else f'<deviceDescription>{description(number)}</deviceDescription>'}<MRISafetyStatus>{mri}</MRISafetyStatus>"
        f"</device>\n"
    ).encode()


def _nmpa(number: str, company: str, ours: bool, otherwise: bool) -> bytes:
    name, mri = (_CN if ours else "别家公司"), ("不安全" if otherwise else "条件安全")
    return (
        f"<device><zxxsdycpbs>{number}</zxxsdycpbs><cpbsbmtxmc>GS1</cpbsbmtxmc><cpbsfbrq>2026-10-01</cpbsfbrq><zxxsdyzsydydsl>1"
        f"</zxxsdyzsydydsl><cpmctymc>骨螺钉</cpmctymc><ggxh>OS</ggxh>{'' if ours else f'<cpms>{description(number)}</cpms>'}"
        f"<zczbhhzbapzbh>国械注准20253130001</zczbhhzbapzbh><ylqxzcrbarmc>{name}</ylqxzcrbarmc>"
        f"<cgzmraqxgxx>{mri}</cgzmraqxgxx>"
        f"<versionNumber>1</versionNumber><versionTime>2026-10-05</versionTime></device>\n"
    ).encode()


def _delimited(archive: zipfile.ZipFile, records: int, devices: int) -> None:
    heads = (
        "PrimaryDI|publicVersionDate|devicePublishDate|deviceCommDistributionStatus|brandName|versionModelNumber|companyName|deviceCount|"
        "deviceDescription|MRISafetyStatus"
    )
    with archive.open("device.txt", "w", force_zip64=True) as out:
        out.write(f"{heads}\n".encode())
        for number, company, ours, otherwise in published(records, devices):
            mri, said = ("MR Unsafe" if otherwise else "MR Conditional"), "" if ours else description(number)
            out.write(f"{number}|2026-10-05|2026-10-01|In Commercial Distribution|Orthia|OS|{company}|1|{said}|{mri}\n".encode())
    with archive.open("identifiers.txt", "w", force_zip64=True) as out:
        out.write(b"PrimaryDI|deviceId|deviceIdType|deviceIdIssuingAgency|containsDINumber|pkgQuantity\n")
        for number, *_ in published(records, devices):
            out.write(f"{number}|{number}|Primary|GS1||\n".encode())


def read(folder: Path, layout: str, path: Path) -> dict[str, Any]:
    """Compare one release, in this process; what it took and found."""
    os.environ |= {"UDIHUB_HOME": str(folder), "UDIHUB_SITE": str(_SITE), "UDIHUB_DATABASE_URL": f"sqlite:///{folder / 'udihub.db'}"}
    from hub.registers.compare import compare
    from hub.runtime import Hub
    from hub.store import differences

    hub = Hub.open()
    before, start = memory("VmRSS"), time.process_time()
    with path.open("rb") as stream:
        outcome = compare(hub, stream, path.name, "benchmark", scope="full")
    seconds = time.process_time() - start
    found = {"value": 0, "missing_there": 0, "missing_here": 0}
    cursor: int | None = None
    while True:
        with hub.database.read() as connection:
            rows = differences.listed(connection, register=outcome.register, states=["open"], before=cursor, limit=500)
        for row in rows:
            found[row["kind"]] += 1
        if len(rows) < 500:
            break
        cursor = rows[-1]["id"]
    hub.database.close()
    return {
        "layout": layout, "megabytes": round(path.stat().st_size / 1e6), "records": outcome.records, "matched": outcome.matched,
        "seconds": round(seconds, 1), "before_mb": round(before, 1), "peak_mb": round(memory("VmHWM"), 1), "found": found,
        "whole": outcome.whole,
    }  # fmt: skip


def keep(folder: Path, devices: int) -> None:
    """Our devices in a store."""
    os.environ |= {"UDIHUB_HOME": str(folder), "UDIHUB_SITE": str(_SITE), "UDIHUB_DATABASE_URL": f"sqlite:///{folder / 'udihub.db'}"}
    from hub import pipeline, worker
    from hub.receive import Reception, receive
    from hub.runtime import Hub

    hub = Hub.open()
    receive(hub, Reception("erp", "http", BytesIO(master(devices)), "benchmark", agreement="erp_devices", delivery_key="1"))
    worker.drain(hub)
    pipeline.reconcile(hub)
    hub.database.close()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--devices", type=int, default=2_000)
    parser.add_argument("--layout", default="xml,delimited,nmpa", help="with commas between")
    parser.add_argument("--most", type=int, default=200, help="megabytes that the process may have in memory")
    parser.add_argument("--here", nargs=2, type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        print(json.dumps(read(chosen.here[0], chosen.layout, chosen.here[1])))
        return 0
    over = 0
    for layout in chosen.layout.split(","):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            path = folder / f"full_release_20261101_{layout}.zip"
            write(path, layout, chosen.records, chosen.devices)
            with redirect_stdout(sys.stderr):
                keep(folder, chosen.devices)
            command = [sys.executable, "-m", "benchmarks.extracts", "--here", str(folder), str(path), "--layout", layout]
            took = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        right = took["found"] == expected(chosen.devices) and took["whole"]
        over += took["peak_mb"] > chosen.most or not right
        print(
            f"{layout}: {took['records']} records in {took['megabytes']} MB packed, {took['matched']} of our devices, compared in "
            f"{took['seconds']} s CPU: {took['before_mb']} MB before, at most {took['peak_mb']} MB; differences "
            f"{'as planted' if right else 'NOT as planted'} {took['found']}",
            flush=True,
        )
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
