"""In which charset an IDoc file is, and the bytes to read it from.

Columns of the flat representation are characters, so that the charset must be right before anything is cut. SAP's Unicode systems
write UTF-8; older ones their code page, which the agreement states (`profile.charset`). A declared or agreed charset that lies is a
finding and never another guess.
"""

from __future__ import annotations

import re

from connectors.first_bytes import byte_order_mark, charset_named, declared_charset, wide_charset
from connectors.spec import Profile
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding, Place

_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]{0,40})[\"']")
# Charsets in which line ends and the marks of XML have their ASCII values and are part of no other character.
_SLICED = re.compile(r"utf-8|ascii|iso8859-\d+|cp125\d|koi8-[ru]|gb2312|gbk|gb18030|big5(hkscs)?|shift_jis|cp932|cp949|euc_(jp|kr)")
_CONVERTED = re.compile(r"utf-16(-[lb]e)?|utf-32(-[lb]e)?")


def charset_of(head: bytes, profile: Profile) -> tuple[str, bool, Finding | None]:
    """Charset, whether the file can be cut in it as it is, and a finding where it is not taken."""
    mark = byte_order_mark(head)
    declared = _DECLARED.match(head.removeprefix(b"\xef\xbb\xbf").lstrip())
    name = mark[1] if mark is not None else declared_charset(profile) or wide_charset(head)
    if name is None:
        name = declared[1].decode() if declared is not None else "utf-8"
    try:
        charset = charset_named(name)
    except ConfigError:
        return name, False, Finding("XML-06", place=Place(line=1), got=name)
    if _SLICED.fullmatch(charset):
        # Chinese systems declare GB2312 and write GBK or GB18030, which hold all of it.
        return ("gb18030" if charset in ("gb2312", "gbk") else charset), True, None
    if _CONVERTED.fullmatch(charset):
        return charset, False, None
    return charset, False, Finding("XML-06", place=Place(line=1), got=name)
