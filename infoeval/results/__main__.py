"""The JSON Schema of what infoeval writes: `python -m infoeval.results` prints it."""

import json
from typing import Any, cast

from pydantic.json_schema import models_json_schema

from infoeval.results.contract import SCHEMA_VERSION
from infoeval.results.document import Comparison, Document
from infoeval.results.model_results import DataSet, SubjectEntry
from infoeval.results.result_details import (
    CLUSTER_ACCURACY,
    CODE_FACTORS,
    INFORMATION,
    BoundDetails,
    Clustering,
    Details,
    InformationDetails,
    Pair,
)
from infoeval.results.run_summary import Summary

OUTPUTS = (Document, Comparison, Summary)
VIEWS = (SubjectEntry, DataSet, BoundDetails, InformationDetails, Clustering, Pair, Details)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of every output: results of a model, a comparison, a sweep."""
    _, whole = models_json_schema(
        [(cast(Any, model), "validation") for model in (*OUTPUTS, *VIEWS)]
    )
    definitions = whole["$defs"]
    for output in OUTPUTS:
        entry = definitions[output.__name__]
        entry["properties"]["schema_version"] = {"const": SCHEMA_VERSION, "type": "integer"}
        entry["required"] = sorted({*entry["required"], "schema_version"})
    document = definitions["Document"]["properties"]
    document["subject"], document["data"] = _reference(SubjectEntry), _reference(DataSet)
    definitions["OtherModel"]["properties"]["subject"] = _reference(SubjectEntry)
    definitions["Result"]["allOf"] = [
        _details({"const": CLUSTER_ACCURACY}, "confusion", Clustering),
        _details({"const": CODE_FACTORS}, "factor", Pair),
        _details({"type": "string"}, "references", Details),
        _details({"const": INFORMATION}, None, InformationDetails),
        _details({"pattern": f"^{INFORMATION}-"}, None, BoundDetails),
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "infoeval results",
        "description": (
            "What infoeval writes: `score --json` and a report's metrics.json (Document), "
            "`compare --json` (Comparison), and the summary.json of many runs (Summary)."
        ),
        "anyOf": [_reference(output) for output in OUTPUTS],
        "$defs": definitions,
    }


def _reference(model: type) -> dict[str, str]:
    return {"$ref": f"#/$defs/{model.__name__}"}


def _details(metric: dict[str, str], key: str | None, model: type) -> dict[str, Any]:
    """Return the rule that the details of some metrics, where they have a key, are a model's."""
    condition: dict[str, Any] = {"properties": {"metric": metric}}
    if key is not None:
        condition["properties"]["details"] = {"required": [key]}
        condition["required"] = ["details"]
    return {"if": condition, "then": {"properties": {"details": _reference(model)}}}


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2, sort_keys=True))
