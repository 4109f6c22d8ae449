"""Master data with a known truth, to measure how well duplicates are found: parties and items in two scripts, the same for the same seed.

    python -m benchmarks.generate_masterdata --parties 100000 --items 200000 --seed 1 --out FOLDER

writes `parties.jsonl` and `items.jsonl`, a record a line: `body` (members of Party or Item, but for those of the document that brings it),
`truth` (equal for records of the same thing), `twin` (what was done to a planted copy, the chief kind first) and `family` (hard negatives:
things of one family look alike and are not the same). One record in twenty is a planted copy of another; only `body` is for the matcher.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.masterdata.items import item_records
from benchmarks.masterdata.parties import party_records
from benchmarks.masterdata.planting import Body, Record

DUPLICATES = 0.05
"""The share of records that are copies of another."""


def parties(count: int, seed: int, duplicates: float = DUPLICATES) -> Iterator[tuple[Body, str]]:
    """So many bodies of suppliers, customers, carriers and warehouses, each with the id of the party that it describes."""
    return ((record.body, record.truth) for record in party_records(count, seed, duplicates))


def items(count: int, seed: int, duplicates: float = DUPLICATES) -> Iterator[tuple[Body, str]]:
    """So many bodies of devices, components, raw materials and packaging, each with the id of the item that it describes."""
    return ((record.body, record.truth) for record in item_records(count, seed, duplicates))


def write(records: Iterator[Record], path: Path) -> tuple[int, Counter[str], Counter[str]]:
    """Writes a file; answers how many records, how many copies by chief kind, how many records by kind of family."""
    count, twins, families = 0, Counter[str](), Counter[str]()
    with path.open("w", encoding="utf-8") as file:
        for record in records:
            line = {"truth": record.truth, "twin": list(record.twin), "family": record.family, "body": record.body}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            count += 1
            twins.update(record.twin[:1])
            families.update([record.family.partition("/")[0]] if record.family else [])
    return count, twins, families


def main() -> None:
    """Writes both files and says what is in them."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--parties", type=int, default=100_000)
    ask.add_argument("--items", type=int, default=200_000)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--duplicates", type=float, default=DUPLICATES, help="share of records that are copies")
    ask.add_argument("--out", type=Path, required=True)
    given = ask.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for name, records in (
        ("parties", party_records(given.parties, given.seed, given.duplicates)),
        ("items", item_records(given.items, given.seed, given.duplicates)),
    ):
        count, twins, families = write(records, given.out / f"{name}.jsonl")
        print(f"{name}: {count} records, {sum(twins.values())} planted copies, {sum(families.values())} in families")
        for title, found in (("copies", twins), ("families", families)):
            print(f"  {title}: " + ", ".join(f"{kind} {number}" for kind, number in found.most_common()))


if __name__ == "__main__":
    main()
