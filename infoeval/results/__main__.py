"""Prints the JSON Schema of what infoeval writes: `python -m infoeval.results`."""

import json

from infoeval.results.schema import schema

print(json.dumps(schema(), indent=2, sort_keys=True))
