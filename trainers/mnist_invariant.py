"""MNIST, with Q also trained to assign a real image and its augmented copy the same category.

The first 2,500 steps are those of `mnist`, bit for bit; by then the categories are digits. From
there on Q learns from real images too (never from their labels), by maximising the information
between the categories of the two views. Asked for from the start, the term can settle on a
partition that merges two digits. No longer plain InfoGAN: results are reported apart from `mnist`.
"""

from dataclasses import replace

from infoeval import Affine
from infoeval.training.choosing import load_trainer

trainer = replace(
    load_trainer("mnist"),
    name="mnist_invariant",
    steps=3500,
    invariance_weight=2.0,
    invariance_starts=2500,
    invariance_view=Affine(rotation=0.35, scale=0.25, shear=0.35, shift=0.175),
    variants={},
)
