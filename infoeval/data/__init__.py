"""Image sets for training and evaluation, by name or by path."""

from infoeval.data.datasets import CatalogueEntry, catalogue, describe_form, form_of, load, renderer
from infoeval.data.formats.cache import reporting
from infoeval.data.image_set import ImageSet
from infoeval.data.location import root

__all__ = [
    "CatalogueEntry",
    "ImageSet",
    "catalogue",
    "describe_form",
    "form_of",
    "load",
    "renderer",
    "reporting",
    "root",
]
