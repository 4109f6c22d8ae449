"""`mapping.schema.json`: the shape of a mapping file for editors, generated from the model.

python -m mappings.schema        write the file anew; a test fails while it is older than the model
"""

from __future__ import annotations

import json
from pathlib import Path

from mappings.model import MappingFile

FILE = Path(__file__).parent / "mapping.schema.json"


def text() -> str:
    """The JSON Schema (draft 2020-12) of a mapping file, with a line feed at its end."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **MappingFile.model_json_schema(by_alias=True)}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
