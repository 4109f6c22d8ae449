"""The files of a site, read one by one: YAML becomes a model, and every mistake a finding that names file and key and what was meant.

All mistakes of all files are told at once (`SiteError`), in the reader's language: whoever writes a site mends them in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import yaml
from pydantic import BaseModel, ValidationError

from data_contracts.config_texts import told
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding, Language, Place
from data_contracts.mistakes import meant, members_of, model_at, place_of

Model = TypeVar("Model", bound=BaseModel)
_UNTEXTED = (bool, int, float, date)
"""What YAML makes of words that were meant as text."""


class SiteError(ConfigError):
    """A site that must not be worked with. `faults` say all that is wrong with it, each with `place.path` = `file: key`."""

    def __init__(self, folder: Path, faults: Sequence[Finding]) -> None:
        self.folder = folder
        self.faults = tuple(faults)
        super().__init__(self.text("en"))

    def text(self, language: Language) -> str:
        """Every fault in words."""
        return "; ".join(f"{self.folder / (fault.place.path or '')}: {fault.text(language)}" for fault in self.faults)


def fault(rule: str, file: str, key: str = "", expected: str | None = None, got: Any = None) -> Finding:
    """What is wrong at a key of a file, `agreements/acme.yaml` counted from the site's folder."""
    path = f"{file}: {key}" if key else file
    return Finding(rule, place=Place(path=path), expected=expected, got=None if got is None else str(got))


def unloadable(file: str, key: str, error: ConfigError) -> Finding:
    """What a key names is there and cannot be loaded: why, in the reader's language."""
    return replace(fault("SIT-14", file, key, got=error), params={"got_zh": told(str(error), "zh-CN")})


def files(folder: Path) -> list[Path]:
    """The YAML files of a folder of the site, in order; none where there is no such folder."""
    return sorted(folder.glob("*.yaml")) if folder.is_dir() else []


Making = Callable[[dict[str, Any], str], dict[str, Any]]
"""Makes the content of a file whole (a preset's words below its own), by its name; hashable, and equal where it makes the same."""


class UnmadeError(Exception):
    """A file that cannot be made whole, and why."""

    def __init__(self, faults: Sequence[Finding]) -> None:
        self.faults = tuple(faults)
        super().__init__(", ".join(fault.text("en") for fault in self.faults))


def parsed(
    model: type[Model], path: Path, site: Path, faults: list[Finding], *, with_body: bool = False, made: Making | None = None
) -> Model | None:
    """The content of one file; None with its faults added where it has any."""
    file = path.relative_to(site).as_posix()
    try:
        return cast("Model", _read(model, path.read_text(encoding="utf-8"), with_body, file if made is not None else "", made))
    except UnmadeError as error:
        faults += error.faults
        return None
    except FileNotFoundError as error:
        hint = "; UDIHUB_SITE names the folder of your site (the demonstration's is deploy/site)" if path.name == "site.yaml" else ""
        raise ConfigError(f"{path}: there is no such file{hint}") from error
    except (yaml.YAMLError, UnicodeDecodeError, _NoMappingError) as error:
        faults.append(fault("SIT-09", file, got=" ".join(str(error).split())))
        return None
    except ValidationError as error:
        faults += [_said(model, one, file) for one in error.errors()]
        return None


@lru_cache(maxsize=1024)  # a preview reads a site twice that differs in one file; what a text says is frozen and may be shared
def _read(model: type[BaseModel], text: str, with_body: bool, file: str, made: Making | None) -> BaseModel:
    data = yaml.load(text, Loader=_Strict)  # noqa: S506 - a safe loader that refuses one thing more
    if not isinstance(data, dict):
        raise _NoMappingError("expected a mapping at the top")
    if "on" not in data and True in data:
        data["on"] = data.pop(True)  # YAML 1.1 reads a bare `on` as true
    if with_body:
        data["body"] = text
    return model.model_validate(data if made is None else made(data, file))


class _NoMappingError(Exception):
    """A file that says anything else than keys and values."""


class _Strict(yaml.CSafeLoader):
    """A key that stands twice is refused: YAML takes the last one and says nothing."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key.value, str) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value} stands twice", key.start_mark)
            if isinstance(key.value, str):
                seen.add(key.value)
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made


class ZoneError(ValueError):
    """No IANA time zone has this name."""


def known_zone(value: str) -> str:
    """A time zone's name. Raises ZoneError (a ValueError) for any other word."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ZoneError(value) from error
    return value


class QualifierError(ValueError):
    """An envelope's identity without its qualifier."""


def _identity(got: object) -> str:
    """What the id of an example is: the text itself where only its qualifier lacks; a word for it where the text is none."""
    text = str(got).strip()
    return text if text and ":" not in text else "ID"


def _said(model: type[BaseModel], one: Any, file: str) -> Finding:
    """One mistake in words for whoever wrote the YAML."""
    loc: Sequence[int | str] = one["loc"]
    key = place_of(loc)
    got, why = one.get("input"), one.get("ctx", {}).get("error")
    if one["type"] == "extra_forbidden":
        return fault("SIT-01", file, key, meant(loc[-1], members_of(model_at(model, loc[:-1]))), got)
    if one["type"] == "missing":
        return fault("SIT-02", file, key)
    if one["type"] == "string_type" and isinstance(got, _UNTEXTED):
        return fault("SIT-04", file, key, got=str(got).lower() if isinstance(got, bool) else got)
    if one["type"] == "literal_error":
        return fault("SIT-05", file, key, str(one["ctx"]["expected"]).replace("'", "").replace(" or ", ", "), got)
    if one["type"] == "string_pattern_mismatch" and loc[-1] == "version":
        return fault("SIT-06", file, key, got=got)
    if isinstance(why, ZoneError):
        return fault("SIT-07", file, key, meant(got, available_timezones()), got)
    if isinstance(why, QualifierError):
        return fault("SIT-08", file, key, f"ZZ:{_identity(got)}", got)
    return fault("SIT-03", file, key, one["msg"].removeprefix("Value error, "), got)
