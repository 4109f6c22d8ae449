"""Archives from outside: bounded whatever they claim."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from connectors.archive import Archive, ArchiveError, Bounds, hostile


def packed(parts: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    out.seek(0)
    return out


def test_parts_are_read_in_their_order() -> None:
    archive = Archive(packed({"b.xml": b"second", "folder/a.xml": b"first" * 100_000}))
    assert archive.names == ["b.xml", "folder/a.xml"]
    with archive.part("folder/a.xml") as part:
        assert part.read() == b"first" * 100_000
    with archive.part("b.xml") as part:
        part.seek(0)
        assert part.read(3) == b"sec"


def test_a_bomb_is_given_up_while_it_unpacks() -> None:
    archive = Archive(packed({"bomb.xml": b"\0" * 50_000_000}))
    with archive.part("bomb.xml") as part, pytest.raises(ArchiveError) as refused:
        part.read()
    assert refused.value.finding.rule == "EXT-02"
    together = Archive(packed({f"{n}.xml": bytes(range(256)) * 4000 for n in range(5)}), Bounds(all_bytes=3_000_000))
    with pytest.raises(ArchiveError, match="EXT-02"):
        for name in together.names:
            with together.part(name) as part:
                part.read()
    alone = Archive(packed({"a.xml": bytes(range(256)) * 4000}), Bounds(part_bytes=1_000_000))
    with alone.part("a.xml") as part, pytest.raises(ArchiveError, match="EXT-02"):
        part.read()


def test_too_many_parts_are_refused_before_their_list_is_read() -> None:
    many = packed({f"{n}.xml": b"" for n in range(300)}, zipfile.ZIP_STORED)
    with pytest.raises(ArchiveError, match="EXT-02"):
        Archive(many, Bounds(parts=299))
    with pytest.raises(ArchiveError, match="EXT-02"):
        Archive(many, Bounds(directory_bytes=1_000))
    claimed = bytearray(packed({"a.xml": b"x"}).getvalue())
    at = claimed.rfind(b"PK\x05\x06")
    struct.pack_into("<I", claimed, at + 12, 0xFFFF_FFFF)  # a ZIP64 directory that is not there
    with pytest.raises(ArchiveError, match="EXT-01"):
        Archive(io.BytesIO(bytes(claimed)))


@pytest.mark.parametrize("name", ["../a.xml", "/etc/a.xml", "a/../../b.xml", "c:\\a.xml", "a\\b.xml", "c:/a.xml", "a\x07.xml"])
def test_names_that_lead_elsewhere_are_hostile(name: str) -> None:
    assert hostile(name)
    with pytest.raises(ArchiveError, match="EXT-01"):
        Archive(packed({name: b"x"}))


def test_two_parts_of_one_name_an_encrypted_one_and_damage_are_told() -> None:
    with pytest.raises(ArchiveError, match="EXT-01"):
        Archive(packed({"a.xml": b"1", "A.XML": b"2"}))
    locked = bytearray(packed({"a.xml": b"1"}).getvalue())
    locked[locked.rfind(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ArchiveError, match="EXT-01"):
        Archive(io.BytesIO(bytes(locked)))
    for content in (b"", b"PK\x03\x04 no archive", packed({"a.xml": b"1" * 1000}).getvalue()[:-30]):
        with pytest.raises(ArchiveError, match="EXT-01"):
            Archive(io.BytesIO(content))
    bad = bytearray(packed({"a.xml": bytes(range(256)) * 100}, zipfile.ZIP_STORED).getvalue())
    bad[5_000] ^= 1
    archive = Archive(io.BytesIO(bytes(bad)))
    with archive.part("a.xml") as part, pytest.raises(ArchiveError, match="EXT-01"):
        part.read()


def test_a_part_without_a_name_is_told() -> None:
    content = packed({"a.xml": b"first"}).getvalue().replace(b"a.xml", b"\0.xml")  # zipfile ends names at the first NUL
    with pytest.raises(ArchiveError) as refused:
        Archive(io.BytesIO(content))
    assert refused.value.finding.rule == "EXT-01"


def as_windows_writes(*names: bytes) -> io.BytesIO:
    """A ZIP whose names are these bytes, without a word about their charset."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number, name in enumerate(names):
            archive.writestr(f"{number}".rjust(len(name), "x"), name)
    content = made.getvalue()
    for number, name in enumerate(names):
        content = content.replace(f"{number}".rjust(len(name), "x").encode(), name)
    return io.BytesIO(content)


@pytest.mark.parametrize(
    ("name", "charset"),
    [("入库单1.csv", "gbk"), ("盘点/库存.csv", "gb18030"), ("订单.csv", "utf-8"), ("Größe.csv", "cp437"), ("stock.csv", "ascii")],
)
def test_names_come_in_the_letters_they_were_written_in(name: str, charset: str) -> None:
    archive = Archive(as_windows_writes(name.encode(charset), b"other.csv"))
    assert archive.names == [name, "other.csv"]
    with archive.part(name) as part:
        assert part.read() == name.encode(charset)
    assert archive.stored(name) == name.encode(charset).decode("cp437"), "what repeats are known by stays as it was"


def test_two_names_that_say_the_same_in_two_charsets_are_refused() -> None:
    with pytest.raises(ArchiveError) as refused:
        Archive(as_windows_writes("入库单.csv".encode("gbk"), "入库单.csv".encode()))
    assert refused.value.finding.got == "two parts of one name"
