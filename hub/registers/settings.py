"""`registers.yaml` of a site: under which names and numbers our companies publish devices.

    version: 1
    companies:
      - {name: "NovaMed Devices (Suzhou) Co., Ltd.", name_zh: 诺康医疗器械（苏州）有限公司, duns: "544400019",
         srn: CN-MF-000044019, credit_code: 91320594MA9999901X}

What a register publishes under one of them and the hub does not know is told. Without the file these are the names of the site's
organisations, and the numbers that the device master gives to operators of these names.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Company(BaseModel):
    """One company of ours as registers know it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = None
    name_zh: str | None = None
    duns: str | None = None
    srn: str | None = None
    credit_code: str | None = None


class RegisterSettings(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    companies: tuple[Company, ...] = ()
