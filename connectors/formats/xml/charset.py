"""In which charset an XML document is read: by byte order mark, agreement, declaration, or UTF-8."""

from __future__ import annotations

import re

from connectors.first_bytes import byte_order_mark, charset_named, declared_charset, wide_charset
from connectors.spec import Profile
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding, Place

_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]{0,40})[\"']")
# Charsets in which the marks of XML have their ASCII values and are part of no other character.
SLICED = re.compile(r"utf-8|ascii|iso8859-\d+|cp125\d|koi8-[ru]|gb2312|gbk|gb18030|big5(hkscs)?|shift_jis|cp932|cp949|euc_(jp|kr)")
_CONVERTED = re.compile(r"utf-16(-[lb]e)?|utf-32(-[lb]e)?")


def charset_of(head: bytes, profile: Profile) -> tuple[str, Finding | None]:
    """The document's charset by mark, agreement, declaration or default, and a finding where it is not taken."""
    mark = byte_order_mark(head)
    wide = wide_charset(head)
    declared = _DECLARED.match(head.removeprefix(b"\xef\xbb\xbf").lstrip())
    agreed = declared_charset(profile)
    name = mark[1] if mark is not None else agreed or wide or (declared[1].decode() if declared is not None else "utf-8")
    try:
        charset = charset_named(name)
    except ConfigError:
        return name, Finding("XML-06", place=Place(line=1), got=name)
    if not SLICED.fullmatch(charset) and not _CONVERTED.fullmatch(charset):
        return charset, Finding("XML-06", place=Place(line=1), got=name)
    # Chinese systems declare GB2312 and write GBK or GB18030, which hold all of it.
    return ("gb18030" if charset in ("gb2312", "gbk") else charset), None
