"""Image sets for training and evaluation, by name or by path."""

from infoeval.data.cache import reporting
from infoeval.data.images import ImageSet
from infoeval.data.location import root
from infoeval.data.registry import CatalogueEntry, catalogue, describe_form, form_of, load, renderer

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
