"""MNIST, with Q also asked to give a real image and a moved copy of it the same category.

No longer plain InfoGAN: Q learns from real images too (never from their labels), by maximising the
information between the categories of the two views. Results are reported apart from `mnist`.
"""

from dataclasses import replace

from infoeval.training.bundled import load_trainer

trainer = replace(
    load_trainer("mnist"),
    name="mnist_invariant",
    steps=1500,
    invariance_weight=1.0,
    variants={},
)
