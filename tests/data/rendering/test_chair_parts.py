import itertools
from collections import Counter

import numpy as np
import pytest

from infoeval.data.rendering.chair_parts import BACKS, LEGS, chair

KINDS = list(itertools.product(range(len(BACKS)), range(len(LEGS))))
UNIT = 0.63  # metres in a unit of the mesh
FLOOR, SEAT_TOP = -0.46 / UNIT, 0.0

every_kind = pytest.mark.parametrize(("back", "legs"), KINDS)


def volume(mesh):
    """Return what the parts hold together, by the divergence theorem."""
    a, b, c = (mesh.vertices[mesh.triangles[:, k]] for k in range(3))
    return (a * np.cross(b, c)).sum() / 6


def section(mesh, height):
    """Return the vertices near a height."""
    return mesh.vertices[np.abs(mesh.vertices[:, 1] - height) < 0.02]


@every_kind
@pytest.mark.parametrize("width", [0.7, 1, 1.3])
def test_a_chair_is_closed_stands_on_the_floor_and_stays_within_reach(back, legs, width):
    mesh = chair(back, legs, width)
    edges = Counter(
        (a, b)
        for corners in mesh.triangles
        for a, b in zip(corners, np.roll(corners, -1), strict=True)
    )
    assert set(edges.values()) == {1}
    assert all((b, a) in edges for a, b in edges)
    assert set(mesh.triangles.ravel()) == set(range(len(mesh.vertices)))
    assert np.linalg.norm(mesh.vertices, axis=1).max() <= 1
    assert mesh.vertices[:, 1].min() == pytest.approx(FLOOR, abs=0.02)
    assert mesh.vertices[:, 1].max() == pytest.approx(-FLOOR, abs=0.01)


@pytest.mark.parametrize("width", [0.7, 1.3])
def test_all_triangles_face_outwards(width):
    """A part that is turned inside out would be subtracted."""
    half = width * 0.45 / 2
    seat, panel, leg = 2 * half * 0.45 * 0.05, 2 * half * 0.51 * 0.04, 0.06 * 0.06 * 0.43
    mesh = chair(BACKS.index("panel"), LEGS.index("straight"), width)
    assert volume(mesh) * UNIT**3 == pytest.approx(seat + panel + 4 * leg)
    column = 2 * np.sqrt(2) * 0.045**2 * 0.43  # an octagon
    arm = 2 * np.sqrt(2) * 0.025**2 * np.hypot(min(half + 0.05, 0.3), 0.035)
    mesh = chair(BACKS.index("panel"), LEGS.index("pedestal"), width)
    assert volume(mesh) * UNIT**3 == pytest.approx(seat + panel + column + 5 * arm)


@every_kind
def test_left_and_right_are_mirrored(back, legs):
    vertices = chair(back, legs, 1.1).vertices
    mirrored = vertices * (-1, 1, 1)
    distances = np.linalg.norm(vertices[:, None] - mirrored[None], axis=2)
    assert distances.min(axis=0).max() < 1e-9
    assert distances.min(axis=1).max() < 1e-9


@every_kind
def test_the_back_is_behind_and_leans_to_the_rear(back, legs):
    vertices = chair(back, legs, 1).vertices
    above = vertices[vertices[:, 1] > SEAT_TOP + 0.01]
    assert above[:, 2].max() < -0.25
    highest = above[above[:, 1] > 0.6]
    assert highest[:, 2].mean() < -0.37


@every_kind
def test_width_is_that_of_the_seat_in_units_of_its_depth(back, legs):
    for width in (0.7, 0.95, 1.3):
        seat = section(chair(back, legs, width), SEAT_TOP)
        depth = 2 * seat[:, 2].max()
        assert np.ptp(seat[:, 0]) / depth == pytest.approx(width)
        assert depth == pytest.approx(0.45 / UNIT)


def test_the_feet_tell_the_legs_apart():
    reach = {}
    for name in LEGS:
        feet = section(chair(0, LEGS.index(name), 1), FLOOR)
        reach[name] = feet[:, 0].max(), feet[:, 2].max(), feet[:, 2].min()
    half = 0.225 / UNIT
    assert reach["straight"] == pytest.approx((half, half, -half))
    assert reach["splayed"][0] > half + 0.05
    assert reach["runners"] == pytest.approx((half, half, -half))
    assert len(section(chair(0, LEGS.index("runners"), 1), FLOOR)) == 4 * 5
    right, front, rear = reach["pedestal"]
    assert front > right
    assert front > -rear
