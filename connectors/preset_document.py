"""Writes `docs/presets.md`: what the hub knows of each product, and how far anybody has checked it.

python -m connectors.preset_document > docs/presets.md

`udihub preset show` prints a section of it in the reader's language.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import yaml

from connectors.preset import Preset, Presets, merged
from data_contracts.findings import Language

_HEAD = """\
# Presets: products that the hub knows

Written by `python -m connectors.preset_document > docs/presets.md` from `connectors/presets/*.yaml`; edit it there.

A preset is what every partner with the same product would write again: how it is asked, how it tells of changes, by which feed and
mapping its records become canonical. A partner's flow names preset and resource, and says what is its own. The rest can be overridden,
setting by setting ([decisions/0019](decisions/0019-products-are-presets.md)):

- Names within names are merged and the partner's file wins; lists and values are replaced; `null` takes a setting out.
- Where `use`, `kind` or `style` differ from the preset's, nothing of the preset stays beside them: `auth: {kind: oauth2, …}` for basic.
- `given` are values that the preset puts where they belong; the hub does not start without those that have no default (SIT-22).
- Such a flow needs no agreement: it makes one of its own name, with the resource's format, feed and mapping. `agreed` says what differs
  (`tolerances`, `rules`, `profile`, `contract`). With `agreement` it names a file of `agreements/` instead, which may itself say
  `preset` and `resource` and only what differs.
- A site's own presets stand in its folder `presets/`, in the same form, and win over those of the hub.

`udihub preset list` and `udihub preset show NAME` print this page; `udihub partner check` tells what is wrong in a flow.

Every resource is held against an exchange that we wrote down after the sources named (`tests/samples/presets/`): a server replays it
strictly and the hub pulls or sends by its own code. That proves that the hub does what is written here, and not that the product does:
**Verified** says how far that goes.
"""
_WORDS = {
    "resources": ("What it reads and tells", "读取与写入的内容"),
    "table": ("| Resource | | Becomes | By |", "| 资源 | | 规范实体 | 方式 |"),
    "in": ("comes in", "读入"),
    "out": ("goes out", "写出"),
    "given": ("What a flow gives", "数据流需给出"),
    "default": ("default", "默认"),
    "needs": ("in `transport`", "在 `transport` 中"),
    "secret": ("(by `_env` or `_file`)", "（以 `_env` 或 `_file` 指明）"),
    "credentials": ("Credentials", "凭据"),
    "deltas": ("Changes", "增量"),
    "quirks": ("Quirks", "特性"),
    "verified": ("Verified", "验证情况"),
    "sources": ("Sources", "来源"),
    "example": ("A partner", "伙伴示例"),
    "real": ("Against the product itself, or what was recorded of it", "对照真实产品或其记录"),
    "vector": ("Against a published vector, an official client or another implementation", "对照公开向量、官方客户端或其他实现"),
    "documented": ("Stated by the sources below", "由下列来源说明"),
    "unverified": ("Not verified", "未验证"),
    "replayed": ("Exchanges of ours that are replayed: {}", "重放的自编交互：{}"),
}
_SECRETS = ("password", "secret", "client_secret", "private_key", "app_secret", "app_id")


def markdown(presets: Presets | None = None) -> str:
    """The whole page, in English: the hub's own presets by name."""
    known = presets or Presets()
    return "\n".join([_HEAD, *("\n".join(section(known.named(name), "en")) + "\n" for name in known.names())])


def section(preset: Preset, language: Language) -> Iterator[str]:
    """What is known of one product, line by line."""
    words = {key: texts[0 if language == "en" else 1] for key, texts in _WORDS.items()}
    yield from (
        f"## {preset.preset}: {preset.product.text(language)}",
        "",
        f"**{words['resources']}**",
        "",
        words["table"],
        "| --- | --- | --- | --- |",
    )
    for name, resource in preset.resources.items():
        title = f"{resource.title.text(language)}"
        by = _by(
            merged(preset.transport, resource.transport),
            merged(preset.agreement, resource.agreement),
            merged(preset.flow, resource.flow).get("compare"),
        )
        yield f"| `{name}` | {title}, {words[resource.direction]} | {', '.join(preset.entities(name))} | {by} |"
    for name, resource in preset.resources.items():
        yield from ("", *(f"- `{name}`: {note.text(language)}" for note in resource.notes)) if resource.notes else ()
    yield from ("", f"**{words['given']}**", "")
    for name, one in preset.given.items():
        default = f"; {words['default']} `{one.default}`" if one.default is not None else ""
        yield f"- `{name}`: {one.what.text(language)} (`{one.example}`{default})"
    needed = [f"`{need}`{' ' + words['secret'] if need.rpartition('.')[2] in _SECRETS else ''}" for need in preset.needs]
    yield from [f"- {words['needs']}: {', '.join(needed)}"] if needed else ()
    yield from (
        f"- {words['needs']}, `{name}`: {', '.join(f'`{need}`' for need in one.needs)}"
        for name, one in preset.resources.items()
        if one.needs
    )
    yield from (
        "",
        f"**{words['credentials']}**: {preset.credentials.text(language)}",
        "",
        f"**{words['deltas']}**: {preset.deltas.text(language)}",
        "",
    )
    yield from (f"**{words['quirks']}**", "", *(f"- {quirk.text(language)}" for quirk in preset.quirks), "", f"**{words['verified']}**", "")
    yield f"- {words['replayed'].format(', '.join(f'`{name}`' for name in preset.resources))}"
    for how in ("real", "vector", "documented", "unverified"):
        yield from (f"- {words[how]}: {statement.text(language)}" for statement in getattr(preset.verified, how))
    yield from ("", f"**{words['sources']}**", "", *(f"- {source}" for source in preset.sources))
    yield from ("", f"**{words['example']}**", "", "```yaml", *example(preset), "```")


def example(preset: Preset) -> list[str]:
    """A flow of this product's first resource as a partner writes it."""
    resource = next(iter(preset.resources))
    given = {name: one.example for name, one in preset.given.items() if one.default is None}
    said: dict[str, Any] = {
        "version": 1,
        "flow": f"{preset.preset.partition('-')[0]}_{resource}",
        "preset": preset.preset,
        "resource": resource,
        "partner": preset.preset.partition("-")[0],
        "organisation": "north",
        **({"given": given} if given else {}),
        **preset.example,
    }
    return [line for name, value in said.items() for line in _line(name, value)]


def _line(name: str, value: Any) -> list[str]:
    if isinstance(value, dict):
        text = yaml.dump(value, Dumper=yaml.CSafeDumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1000)
        return [f"{name}: {text.strip()}"]
    return yaml.dump({name: value}, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True).strip().split("\n")


def _by(transport: dict[str, Any], agreement: dict[str, Any], compared: str | None) -> str:
    """Transport, kind of delta and feed in a few words, or as which register's it is compared."""
    use = " ".join(filter(None, (str(transport.get("use")), str(transport.get("version", "")), str(transport.get("signer", "")))))
    delta = transport.get("delta", {})
    told = f", {delta['kind']} `{delta.get('field', '')}`".replace(" ``", "") if delta.get("kind") else ""
    mappings = ", ".join(f"`{message['mapping']}`" for message in agreement.get("messages", ()))
    return f"{use}{told}, {mappings or f'compare `{compared}`'}"


if __name__ == "__main__":
    sys.stdout.write(markdown())
