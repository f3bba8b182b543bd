"""Image sets for training and evaluation, by name or by path."""

from infoeval.data.datasets import (
    CatalogueEntry,
    catalogue,
    check_there,
    form_of,
    load,
    names,
    renderer,
)
from infoeval.data.formats.cache import progress_to
from infoeval.data.image_set import ImageSet, describe_form
from infoeval.data.source import data_root

__all__ = [
    "CatalogueEntry",
    "ImageSet",
    "catalogue",
    "check_there",
    "data_root",
    "describe_form",
    "form_of",
    "load",
    "names",
    "progress_to",
    "renderer",
]
