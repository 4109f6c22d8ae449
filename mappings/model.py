"""The shape of a mapping file, checked strictly: an unknown word or a wrong type refuses the file.

`mapping.schema.json` is generated from these classes (`python -m mappings.schema`), so that editors can help. What
the words mean to a reader stands in README.md beside this file.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Direction = Literal["in", "out", "both"]
Text = Annotated[str, Field(min_length=1)]
Value = str | int | bool


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Row(_Strict):
    """One line of the table: a canonical member and where it stands in the source."""

    to: Text | None = Field(None, description="Canonical member, `ship_to.gln` within a party, `serials[]` for all values of a list.")
    source: Text | list[Text] | None = Field(
        None, alias="from", description="Path; of a list the first that is present, or the arguments of a function that takes several."
    )
    function: Text | None = Field(None, alias="as", description="Named function; `text` where none is named.")
    codes: Text | None = Field(None, description="Code table that translates the value.")
    unknown: Literal["refuse", "keep"] = Field("refuse", description="What becomes of a value that is not in the code table.")
    const: Value | None = Field(None, description="A fixed value; with `direction: out` and without `to`, a fixed text of the source.")
    default: Value | None = Field(None, description="Where the source has nothing. `@ordinal` counts lines, `@currency`: the agreement's.")
    when: dict[Text, Text | list[Text]] | None = Field(
        None, description="Only where each of these paths has this value, or one of these; `*` is any value."
    )
    alone: bool | Literal["held"] = Field(
        False, description="A second, different value anywhere below is told (MAP-05), not only one in the same loop; `held`: MAP-13."
    )
    direction: Direction = Field("both", description="`in` is only read, `out` only written.")
    note: Text | None = Field(None, description="For people.")

    @model_validator(mode="after")
    def _complete(self) -> Row:
        if self.to is None and not (self.direction == "out" and isinstance(self.source, str) and self.const is not None):
            raise ValueError("a row without `to` is an outward constant: it needs `from`, `const` and `direction: out`")
        if self.to is not None and self.source is None and self.const is None and self.default is None:
            raise ValueError("a row needs `from`, `const` or `default`")
        if self.const is not None and (self.default is not None or self.function or self.codes):
            raise ValueError("`const` stands alone")
        if self.unknown == "keep" and not self.codes:
            raise ValueError("`unknown` speaks about `codes`")
        return self

    @property
    def sources(self) -> tuple[str, ...]:
        """The paths of `from`, none for constants."""
        if self.source is None:
            return ()
        return (self.source,) if isinstance(self.source, str) else tuple(self.source)

    def plain(self) -> dict[str, Any]:
        """The row with the words of the file, nothing that is not said."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)


class Part(_Strict):
    """Rows kept in a fragment and used in several places, such as the parties of X12."""

    use: Text = Field(description="Name of the fragment, `x12/party`.")
    to: Text | None = Field(None, description="Canonical member under which its rows are put; without it they stand as they are.")
    at: Text = Field(description="Path of the record from which its paths start.")
    direction: Direction = "both"


class Each(_Strict):
    """A list of the entity: one element for every record at `at`."""

    to: Text
    at: Text | None = Field(None, description="Path of the records; in an overlay it may be left to the base.")
    within: list[Text] | None = Field(
        None, description="Ancestors that writing builds above each record, outermost first; neighbours with equal values share them."
    )
    needs: list[Text] | None = Field(None, description="Members without which there is no element.")
    unless: list[Text] | None = Field(None, description="Paths of records; where one is there, there is no element.")
    only: list[Text] | None = Field(None, description="Paths of records; where none is there, there is no element.")
    later: bool = Field(
        False, description="The first record under each parent that has what it `needs` is passed over: another `each` takes it."
    )
    direction: Direction = Field("both", description="`in` is only read: another `each` of the same `to` is written.")
    fields: list[Row | Part] = []
    each: list[Each] = []
    remove: list[Text] = Field([], description="In an overlay: members of the base that are not mapped here.")


class Ignore(_Strict):
    """Source that is knowingly not mapped."""

    path: Text
    reason: Text


class Lost(_Strict):
    """Source that the entity has a place for and that this mapping cannot put there: told whenever it comes."""

    path: Text
    reason: Text


class Expect(_Strict):
    """What this mapping would misread the message without: a draft under an order mapping, an amount in another currency."""

    path: Text
    values: list[Text] | None = Field(None, description="One of these, where the path has a value.")
    never: list[Text] | None = Field(None, description="None of these.")
    same: Text | None = Field(None, description="What this member of the message says, `currency`, where both have a value.")
    reason: Text

    @model_validator(mode="after")
    def _one(self) -> Expect:
        if [self.values, self.never, self.same].count(None) != 2:
            raise ValueError("`expect` wants one of `values`, `never` and `same`")
        return self


class MappingFile(_Strict):
    """A mapping, or with `extends` an overlay that holds only the rows that differ."""

    mapping: Text
    version: int
    format: Text | None = None
    message: Text | None = None
    entity: Text | None = None
    direction: Direction | None = None
    extends: Text | None = None
    note: Text | None = None
    fields: list[Row | Part] = []
    each: list[Each] = []
    ignore: list[Ignore] = []
    lost: list[Lost] = []
    expect: list[Expect] = []
    remove: list[Text] = []

    @model_validator(mode="after")
    def _whole(self) -> MappingFile:
        if self.extends is None and None in (self.format, self.message, self.entity):
            raise ValueError("`format`, `message` and `entity` are needed where nothing is extended")
        return self


class FragmentFile(_Strict):
    """Rows for `use`."""

    fragment: Text
    version: int
    format: Text
    note: Text | None = None
    fields: list[Row]
