"""Chairs as triangle meshes, put together from closed boxes and tubes."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Lengths are in metres up to the final scaling: the seat is 0.45 deep and, at width 1, as wide.
_SEAT = 0.45
_SEAT_TOP = 0.46
_SEAT_BOTTOM = 0.41
_BACK_TOP = 0.92
_LEAN = 0.15  # of the back: metres to the rear for each metre up
_REAR = -_SEAT / 2 + 0.025  # z of the middle of the back
_INSET = 0.03  # of legs and posts, from the edge of the seat to their middle
_FLOOR = 0.04  # height of the runners on the floor

# All of the widest chair is within this distance of its middle.
_REACH = 0.63

_SIDES = 8  # of a tube's cross-section

_BOX_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / 2
_BOX_TRIANGLES = np.array(
    [
        *((0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5)),
        *((0, 4, 5), (0, 5, 1), (2, 3, 7), (2, 7, 6)),
        *((0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3)),
    ]
)


class Mesh(NamedTuple):
    """A surface: vertices ``(n, 3)`` and triangles ``(m, 3)``.

    A triangle is three vertex indices, anticlockwise as seen from outside.
    """

    vertices: NDArray[np.float64]
    triangles: NDArray[np.intp]


def chair(back: int, legs: int, width: float) -> Mesh:
    """Return a chair that faces +z, with y up, its middle at the origin.

    Args:
        back: which of ``BACKS``.
        legs: which of ``LEGS``.
        width: of the seat, in units of its depth. Up to 1.3, all of the chair is within 1 of the
            origin.

    Returns:
        Its parts in one mesh. Each is closed; adjacent parts overlap.

    >>> mesh = chair(BACKS.index("panel"), LEGS.index("straight"), 1.0)
    >>> mesh.vertices.shape, mesh.triangles.shape
    ((48, 3), (72, 3))
    """
    half = width * _SEAT / 2
    upright = _joined(_BACK_PARTS[BACKS[back]](half))
    upright.vertices[:, 2] -= _LEAN * (upright.vertices[:, 1] - _SEAT_TOP)
    seat = _between((-half, _SEAT_BOTTOM, -_SEAT / 2), (half, _SEAT_TOP, _SEAT / 2))
    whole = _joined([seat, upright, *_LEG_PARTS[LEGS[legs]](half)])
    return Mesh((whole.vertices - (0, _BACK_TOP / 2, 0)) / _REACH, whole.triangles)


def _panel(half: float) -> list[Mesh]:
    return [_board(-half, half, _SEAT_BOTTOM, _BACK_TOP)]


def _slats(half: float) -> list[Mesh]:
    """Four upright boards under a rail."""
    rail = _board(-half, half, _BACK_TOP - 0.08, _BACK_TOP)
    places = np.linspace(-half + _INSET, half - _INSET, 4)
    slats = [_board(x - 0.025, x + 0.025, _SEAT_BOTTOM, _BACK_TOP - 0.04) for x in places]
    return [rail, *slats]


def _rungs(half: float) -> list[Mesh]:
    """Two posts with three boards across."""
    posts = [
        _board(x - 0.025, x + 0.025, _SEAT_BOTTOM, _BACK_TOP)
        for x in (-half + _INSET, half - _INSET)
    ]
    heights = (0.58, 0.72, 0.86)
    return [*posts, *(_board(-half + 0.04, half - 0.04, y - 0.035, y + 0.035) for y in heights)]


def _hoop(half: float) -> list[Mesh]:
    """A bent tube, open in the middle."""
    angles = np.linspace(math.pi, 0, 17)
    radius = half - _INSET
    spring = 0.72  # where the posts begin to bend
    height = _BACK_TOP - _INSET - spring
    arch = [(radius * math.cos(a), spring + height * math.sin(a), _REAR) for a in angles]
    ends = [(-radius, _SEAT_BOTTOM, _REAR), (radius, _SEAT_BOTTOM, _REAR)]
    return [_tube([ends[0], *arch, ends[1]], 0.03, (0, 0, 1))]


def _straight(half: float) -> list[Mesh]:
    x, z = half - _INSET, _SEAT / 2 - _INSET
    return [_post(sx * x, sz * z) for sx in (-1, 1) for sz in (-1, 1)]


def _splayed(half: float) -> list[Mesh]:
    """Legs that lean outwards from under the seat."""
    top, floor = half - 0.09, half + 0.03
    return [
        _tube(
            [
                (sx * top, _SEAT_BOTTOM + 0.02, sz * (_SEAT / 2 - 0.09)),
                (sx * floor, 0, sz * (_SEAT / 2 + 0.03)),
            ],
            0.027,
            (1, 0, 0),
        )
        for sx in (-1, 1)
        for sz in (-1, 1)
    ]


def _runners(half: float) -> list[Mesh]:
    """Two front legs on runners along the floor, joined at the rear."""
    x, z = half - _INSET, _SEAT / 2 - _INSET
    legs = [_post(sx * x, z) for sx in (-1, 1)]
    floor = [_between((sx * x - 0.03, 0, -z - 0.03), (sx * x + 0.03, _FLOOR, z)) for sx in (-1, 1)]
    return [*legs, *floor, _between((-x, 0, -z - 0.03), (x, _FLOOR, -z + 0.03))]


def _pedestal(half: float) -> list[Mesh]:
    """A column on a star of five arms, one of which points to the front."""
    column = _tube([(0, 0, 0), (0, _SEAT_BOTTOM + 0.02, 0)], 0.045, (1, 0, 0))
    reach = min(half + 0.05, 0.3)
    angles = 2 * math.pi * np.arange(5) / 5
    arms = [
        _tube([(0, 0.06, 0), (reach * math.sin(a), 0.025, reach * math.cos(a))], 0.025, (0, 1, 0))
        for a in angles
    ]
    return [column, *arms]


_BACK_PARTS: dict[str, Callable[[float], list[Mesh]]] = {
    "panel": _panel,
    "slats": _slats,
    "rungs": _rungs,
    "hoop": _hoop,
}
_LEG_PARTS: dict[str, Callable[[float], list[Mesh]]] = {
    "straight": _straight,
    "splayed": _splayed,
    "runners": _runners,
    "pedestal": _pedestal,
}

BACKS = tuple(_BACK_PARTS)
LEGS = tuple(_LEG_PARTS)


def _post(x: float, z: float) -> Mesh:
    """Return an upright leg."""
    return _between((x - 0.03, 0, z - 0.03), (x + 0.03, _SEAT_BOTTOM + 0.02, z + 0.03))


def _board(left: float, right: float, low: float, high: float) -> Mesh:
    """Return a board of the back, before it leans."""
    return _between((left, low, _REAR - 0.02), (right, high, _REAR + 0.02))


def _between(low: ArrayLike, high: ArrayLike) -> Mesh:
    """Return the box between two opposite corners."""
    first, last = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    return Mesh((first + last) / 2 + _BOX_CORNERS * (last - first), _BOX_TRIANGLES)


def _tube(path: ArrayLike, radius: float, side: ArrayLike) -> Mesh:
    """Return a tube along a path, with flat ends.

    Args:
        path: points ``(k, 3)``.
        radius: to the corners of its cross-section, a regular polygon.
        side: a direction that is nowhere parallel to the path; it orients the corners.
    """
    middles = np.asarray(path, dtype=np.float64)
    steps = np.diff(middles, axis=0)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    # At an inner point the cross-section bisects the angle between the two steps.
    along = np.vstack([steps[:1], steps[:-1] + steps[1:], steps[-1:]])
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, np.asarray(side, dtype=np.float64))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    other = np.cross(along, across)
    angles = 2 * math.pi * np.arange(_SIDES) / _SIDES
    rings = middles[:, None] + radius * (
        np.cos(angles)[:, None] * across[:, None] + np.sin(angles)[:, None] * other[:, None]
    )
    vertices = np.vstack([rings.reshape(-1, 3), middles[:1], middles[-1:]])
    return Mesh(vertices, _tube_triangles(len(middles)))


def _tube_triangles(rings: int) -> NDArray[np.intp]:
    """Return triangles between rings of ``_SIDES`` corners and the middles of the two ends."""
    corner = np.arange(_SIDES)
    following = (corner + 1) % _SIDES
    start = _SIDES * np.arange(rings - 1)[:, None]
    a, b = start + corner, start + following
    walls = [np.stack([a, b, b + _SIDES], 2), np.stack([a, b + _SIDES, a + _SIDES], 2)]
    first, last = _SIDES * rings, _SIDES * rings + 1
    end = _SIDES * (rings - 1)
    caps = [
        np.stack([np.full(_SIDES, first), following, corner], 1),
        np.stack([np.full(_SIDES, last), end + corner, end + following], 1),
    ]
    return np.concatenate([*(wall.reshape(-1, 3) for wall in walls), *caps])


def _joined(parts: Sequence[Mesh]) -> Mesh:
    starts = np.cumsum([0, *(len(part.vertices) for part in parts[:-1])])
    return Mesh(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.triangles + s for part, s in zip(parts, starts, strict=True)]),
    )
