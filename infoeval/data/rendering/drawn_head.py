"""A head made from formulas, for machines without a face model of real people."""

import numpy as np
from numpy.typing import NDArray

from infoeval.data.rendering.face_models import FaceModel

TRAITS = (
    "length",
    "jaw",
    "cheekbones",
    "brow",
    "eye distance",
    "nose length",
    "nose width",
    "lips",
    "chin",
    "skull depth",
    "ears",
)
"""The modes of the drawn head, in order."""

# Numbers of quads around, and from top to bottom, of each part.
_SKULL, _EAR, _NECK = (96, 64), (16, 12), (32, 16)

Array = NDArray[np.float64]


def drawn_head() -> FaceModel:
    """Return the model of a head: a skull with facial features, two ears and a neck.

    Shapes are linear in the traits, as in a model of real people: a mode is half the difference
    that the formulas give between +1 and −1 standard deviation of the trait.

    >>> model = drawn_head()
    >>> len(model.modes), model.mean.shape == model.modes.shape[1:]
    (11, True)
    """
    unit = np.eye(len(TRAITS))
    modes = [(_vertices(trait) - _vertices(-trait)) / 2 for trait in unit]
    return FaceModel(
        mean=_vertices(np.zeros(len(TRAITS))).astype(np.float32),
        modes=np.stack(modes).astype(np.float32),
        triangles=_triangles(),
    )


def _vertices(traits: Array) -> Array:
    """Return the vertices ``(v, 3)`` of a head; traits are in standard deviations."""
    trait = dict(zip(TRAITS, traits, strict=True))
    skull = _with_features(_skull(_sphere(*_SKULL), trait), trait)
    larger = 1 + 0.2 * trait["ears"]
    ball = _sphere(*_EAR)
    ears = []
    for side in (-1, 1):
        ear = ball * (0.055, 0.17 * larger, 0.1 * larger)
        # Ears stand off at the back and lean backwards.
        ear[:, 0] -= 0.3 * ear[:, 2]
        ear[:, 2] -= 0.25 * ear[:, 1]
        ears.append(ear * (side, 1, 1) + (side * 0.68, -0.03, -0.1))
    neck = _sphere(*_NECK)
    # The exponents make a ball more like a cylinder.
    neck = np.sign(neck) * abs(neck) ** (1, 0.5, 1) * (0.42, 0.75, 0.42) + (0, -1.05, -0.2)
    return np.concatenate([skull, *ears, neck])


def _triangles() -> NDArray[np.int64]:
    parts, first = [], 0
    for around, down in (_SKULL, _EAR, _EAR, _NECK):
        parts.append(_sphere_triangles(around, down) + first)
        first += around * (down + 1)
    return np.concatenate(parts)


def _skull(sphere: Array, trait: dict[str, float]) -> Array:
    """Return the vertices of an egg that narrows towards the chin and, at the back, the neck."""
    x, y, z = sphere.T
    low = np.clip(-y, 0, 1)  # 0 from the ears up, 1 at the chin
    narrow = 1 - (0.16 - 0.09 * trait["jaw"]) * low**1.5
    flat = 1 - np.where(z < 0, 0.5, 0.1) * low**1.5
    depth = np.where(z < 0, 0.86 + 0.07 * trait["skull depth"], 0.78)
    height = np.where(y < 0, 1.0 + 0.07 * trait["length"], 1.0)
    # A face is flatter than a ball: less of its depth is lost towards the sides.
    face = np.sign(z) * abs(z) ** np.where(z > 0, 0.8, 1.0)
    return np.stack([0.69 * x * narrow, y * height, face * depth * flat], axis=1)


def _with_features(skull: Array, trait: dict[str, float]) -> Array:
    """Return the skull with facial features, each a bump of z at some x and y in front."""
    x, y, z = skull.T
    front = np.clip(z / 0.35, 0, 1)
    side = abs(x)
    apart = 0.27 + 0.025 * trait["eye distance"]
    cheeks = 0.05 + 0.04 * trait["cheekbones"]
    brow = 0.06 + 0.03 * trait["brow"]
    chin = 0.12 + 0.04 * trait["chin"]
    lips = 0.05 + 0.02 * trait["lips"]
    raised = (
        brow * _bump(side - 0.22, y - 0.2, 0.2, 0.065)
        - 0.14 * _bump(side - apart, y - 0.06, 0.14, 0.09)
        + 0.085 * _bump(side - apart, y - 0.05, 0.085, 0.055)
        + cheeks * _bump(side - 0.42, y + 0.16, 0.13, 0.13)
        + lips * _bump(x, y + 0.43, 0.16, 0.035)
        + 1.1 * lips * _bump(x, y + 0.53, 0.14, 0.04)
        - 0.05 * _bump(x, y + 0.475, 0.19, 0.018)
        + 0.05 * _bump(x, y + 0.48, 0.28, 0.18)
        + chin * _bump(x, y + 0.8, 0.17, 0.12)
        + _nose(x, y, trait)
    )
    return np.stack([x, y, z + front * raised], axis=1)


def _nose(x: Array, y: Array, trait: dict[str, float]) -> Array:
    """Height of a ridge that rises from between the eyes to the tip and falls steeply below."""
    tip = -0.24 - 0.04 * trait["nose length"]
    along = np.clip((0.2 - y) / (0.2 - tip), 0, 1)
    below = np.clip((tip - y) / 0.09, 0, 1)
    width = 0.055 + (0.055 + 0.022 * trait["nose width"]) * along**2
    height = (0.04 + (0.24 + 0.045 * trait["nose length"]) * along) * (1 - below) ** 1.5
    rising = np.clip((0.3 - y) / 0.2, 0, 1)
    return height * rising * np.exp(-((x / width) ** 2))


def _bump(x: Array, y: Array, wide: float, high: float) -> Array:
    bump: Array = np.exp(-((x / wide) ** 2) - (y / high) ** 2)
    return bump


def _sphere(around: int, down: int) -> Array:
    """Return rows of ``around`` points from pole to pole along y, ``(around · (down + 1), 3)``."""
    turn = 2 * np.pi * np.arange(around) / around
    fall = np.pi * np.arange(down + 1)[:, None] / down
    ring = np.sin(fall)
    points = (ring * np.sin(turn), np.cos(fall) + 0 * turn, ring * np.cos(turn))
    return np.stack(points, axis=-1).reshape(-1, 3)


def _sphere_triangles(around: int, down: int) -> NDArray[np.int64]:
    """Return two triangles for each quad of ``_sphere``, anticlockwise from outside."""
    row, column = np.mgrid[:down, :around]
    right = (column + 1) % around
    a, b = row * around + column, row * around + right
    c, d = a + around, b + around
    return np.stack([a, c, b, b, c, d], axis=-1).reshape(-1, 3).astype(np.int64)
