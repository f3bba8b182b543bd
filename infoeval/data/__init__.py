"""Image sets for training and evaluation, by name or by path."""

from infoeval.data.images import ImageSet
from infoeval.data.location import root
from infoeval.data.registry import CatalogueEntry, catalogue, load, renderer

__all__ = ["CatalogueEntry", "ImageSet", "catalogue", "load", "renderer", "root"]
