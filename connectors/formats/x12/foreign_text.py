"""Characters that X12 does not take unless the agreement names a charset: what their bytes are likely to be, so that it can be named.

Nothing is read by a guess (docs/decisions/0005); a person who sees `è‹å·ž` is told that it is UTF-8 for 苏州, and where to say so.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.charset_choice import chinese_share

_STATE = "if the partner writes so, state it as profile.charset in the agreement."
_STATE_ZH = "如伙伴如此书写，请在协议的 profile.charset 中声明。"


def foreign_text(value: str) -> tuple[str, Mapping[str, str]]:
    """A value with characters beyond ASCII as it is to be shown, and what X12-E06 adds of its charset.

    >>> foreign_text("苏州".encode().decode("latin-1"))[0], foreign_text("Müller")[0]
    ('苏州', 'Müller')
    """
    try:
        content = value.encode("iso8859-1")
    except UnicodeEncodeError:  # a byte order mark told the charset, which is no agreement on what names may hold
        return value, _advice("It is no ASCII", "其中有非 ASCII 字符")
    try:
        return content.decode("utf-8"), _advice("Its bytes are UTF-8", "其字节为 UTF-8")
    except UnicodeDecodeError:
        pass
    if chinese_share(content) is not None:
        try:
            return content.decode("gb18030"), _advice("Its bytes would be Chinese in GB18030", "其字节按 GB18030 为汉字")
        except UnicodeDecodeError:
            pass
    return value, _advice(
        "Its bytes beyond ASCII can be of any charset and are shown as ISO 8859-1", "其非 ASCII 字节可属任何字符集，此处按 ISO 8859-1 显示"
    )


def _advice(says: str, says_zh: str) -> Mapping[str, str]:
    return {"charset": f" {says}: {_STATE}", "charset_zh": f"{says_zh}：{_STATE_ZH}"}
