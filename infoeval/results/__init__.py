"""The results contract: what infoeval writes and reads as JSON, checked both ways.

Objects whose keys are always all there are frozen dataclasses (`Result`, `Skipped`, `Difference`,
`Row`, ...); those that may lack keys or have more (`Document`, `Code`, ...) are models that are
written with the keys they were given. The JSON Schema of all of it is
`python -m infoeval.results`.
"""

from infoeval.results.contract import SCHEMA_VERSION
from infoeval.results.document import Comparison, Document, environment
from infoeval.results.model_results import Code, DataSet, ModelResults, SubjectEntry
from infoeval.results.records import Difference, Result, Skipped
from infoeval.results.run_summary import Bound, Pick, Row, Summary

__all__ = [
    "SCHEMA_VERSION",
    "Bound",
    "Code",
    "Comparison",
    "DataSet",
    "Difference",
    "Document",
    "ModelResults",
    "Pick",
    "Result",
    "Row",
    "Skipped",
    "SubjectEntry",
    "Summary",
    "environment",
]
