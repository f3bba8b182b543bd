import math
import subprocess
import sys

import numpy as np
import pytest

from infoeval.data.rendering.meshes import Stage, vertex_normals
from infoeval.errors import UserError

SIDE, FIELD = 64, 2.5


def sphere(around=96, down=64):
    turn = 2 * np.pi * np.arange(around) / around
    fall = np.pi * np.arange(down + 1)[:, None] / down
    points = np.stack(
        [np.sin(fall) * np.sin(turn), np.cos(fall) + 0 * turn, np.sin(fall) * np.cos(turn)], axis=-1
    ).reshape(-1, 3)
    row, column = np.mgrid[:down, :around]
    a, b = row * around + column, row * around + (column + 1) % around
    quads = np.stack([a, a + around, b, b, a + around, b + around], axis=-1)
    return points, quads.reshape(-1, 3)


def box(low, high):
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
    sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    triangles = [t for a, b, c, d in sides for t in ((a, b, c), (a, c, d))]
    return np.where(corners == 1, high, low).astype(float), np.array(triangles)


BALL = sphere()
# Where the pixels' centres lie on a stage of FIELD units, to the right and up.
ACROSS = (np.arange(SIDE) + 0.5) / SIDE * FIELD - FIELD / 2
X, Y = np.meshgrid(ACROSS, -ACROSS)
INSIDE = np.hypot(X, Y) < 0.93  # a pixel and a half from the outline


@pytest.fixture(scope="module")
def stage():
    with Stage(SIDE, field=FIELD) as stage:
        yield stage


def head_on(stage, mesh=BALL, **settings):
    return stage.render(*mesh, **{"azimuth": 0, "elevation": 0, **settings})


def test_silhouette_of_a_sphere_has_its_area(stage):
    picture = head_on(stage, ambient=1, diffuse=0)
    assert picture.shape == (SIDE, SIDE)
    assert picture.dtype == np.uint8
    assert picture.sum() / 255 == pytest.approx(math.pi * (SIDE / FIELD) ** 2, rel=0.01)


def test_a_pixel_on_the_outline_is_covered_in_part(stage):
    """Of a box that covers 12.5 × 25.5 pixels from the middle, the last ones are half covered."""
    pixel = FIELD / SIDE
    picture = head_on(stage, box(0, (12.5 * pixel, 25.5 * pixel, 0.1)), ambient=1, diffuse=0)
    up = picture[SIDE // 2 - 1 :: -1, SIDE // 2 :]
    assert (up[:25, :12] == 255).all()
    np.testing.assert_allclose(up[:25, 12], 127.5, atol=1)
    np.testing.assert_allclose(up[25, :12], 127.5, atol=1)
    np.testing.assert_allclose(up[25, 12], 255 / 4, atol=1)
    assert up.sum() == picture.sum()


@pytest.mark.parametrize("light", [(0, 0), (60, 0), (-35, 40), (110, -20)])
@pytest.mark.parametrize("camera", [(0, 0), (75, 30)])
def test_shading_is_lamberts(stage, light, camera):
    """The light goes with the camera, so a sphere looks the same from everywhere."""
    azimuth, elevation = np.radians(light)
    toward = np.array(
        [
            np.sin(azimuth) * np.cos(elevation),
            np.sin(elevation),
            np.cos(azimuth) * np.cos(elevation),
        ]
    )
    normals = np.stack([X, Y, np.sqrt(np.maximum(0, 1 - X**2 - Y**2))], axis=-1)
    wanted = 255 * (0.2 + 0.7 * np.maximum(0, normals @ toward))
    picture = stage.render(
        *BALL,
        azimuth=camera[0],
        elevation=camera[1],
        light_azimuth=light[0],
        light_elevation=light[1],
        ambient=0.2,
        diffuse=0.7,
    )
    np.testing.assert_allclose(picture[INSIDE], wanted[INSIDE], atol=4)


def test_flat_triangles_have_one_level_each(stage):
    mesh = box(-0.5, 0.5)
    settings = {"azimuth": 30, "elevation": 0, "ambient": 0, "diffuse": 1, "smooth": False}
    picture = stage.render(*mesh, **settings)
    middle = picture[SIDE // 2]
    # Turned by 30 degrees, a cube shows its front on the left and its +x side on the right.
    front, side = 255 * math.cos(math.radians(30)), 255 * math.cos(math.radians(60))
    np.testing.assert_allclose(middle[SIDE // 2 - 10], front, atol=1)
    np.testing.assert_allclose(middle[SIDE // 2 + 14], side, atol=1)


@pytest.mark.parametrize(
    ("azimuth", "elevation", "place"),
    [
        (0, 0, (0, 0, 1)),
        (90, 0, (1, 0, 0)),
        (-90, 0, (-1, 0, 0)),
        (180, 0, (0, 0, -1)),
        (0, 90, (0, 1, 0)),
        (0, -90, (0, -1, 0)),
    ],
)
def test_the_camera_is_where_it_is_placed(stage, azimuth, elevation, place):
    """A ball before a larger cube is seen from its side, and hidden from the other one."""
    towards = np.array(place)
    cube, ball = box(-0.5 - 0.5 * towards, 0.5 - 0.5 * towards), BALL
    both = (
        np.concatenate([cube[0], 0.3 * ball[0] + 0.6 * towards]),
        np.concatenate([cube[1], ball[1] + 8]),
    )
    settings = {"ambient": 0, "diffuse": 1, "light_azimuth": 60, "smooth": False}

    def differ(azimuth, elevation):
        pictures = (
            stage.render(*mesh, azimuth=azimuth, elevation=elevation, **settings)
            for mesh in (both, cube)
        )
        return np.not_equal(*pictures).sum()

    assert differ(azimuth, elevation) > 100
    assert differ(azimuth + 180, -elevation) == 0


@pytest.mark.parametrize(
    ("azimuth", "elevation", "right", "up"),
    [
        (0, 0, (1, 0, 0), (0, 1, 0)),
        (90, 0, (0, 0, -1), (0, 1, 0)),
        (-90, 0, (0, 0, 1), (0, 1, 0)),
        (0, 90, (1, 0, 0), (0, 0, -1)),
        (0, -90, (1, 0, 0), (0, 0, 1)),
    ],
)
def test_right_and_up_of_the_image(stage, azimuth, elevation, right, up):
    place = 0.8 * np.array(right) + 0.4 * np.array(up)
    picture = stage.render(
        *box(place - 0.1, place + 0.1), azimuth=azimuth, elevation=elevation, ambient=1, diffuse=0
    )
    weight = picture / picture.sum()
    assert (weight * X).sum() == pytest.approx(0.8, abs=0.01)
    assert (weight * Y).sum() == pytest.approx(0.4, abs=0.01)


def test_mirrored_mesh_light_and_camera_mirror_the_image(stage):
    points, triangles = BALL
    uneven = points * (1, 0.7, 0.8) + 0.2 * points[:, [1]] * (1, 0, 0) + (0.1, 0, 0)
    picture = stage.render(uneven, triangles, azimuth=25, elevation=10, light_azimuth=50)
    mirrored = stage.render(
        uneven * (-1, 1, 1), triangles, azimuth=-25, elevation=10, light_azimuth=-50
    )
    assert (picture != picture[:, ::-1]).mean() > 0.3
    np.testing.assert_allclose(picture[:, ::-1].astype(int), mirrored.astype(int), atol=2)


def test_winding_does_not_matter(stage):
    points, triangles = BALL
    np.testing.assert_allclose(
        head_on(stage, (points, triangles[:, ::-1]), light_azimuth=40).astype(int),
        head_on(stage, light_azimuth=40).astype(int),
        atol=1,
    )


def test_scale_is_as_if_the_mesh_were_stretched(stage):
    points, triangles = BALL
    settings = {"azimuth": 40, "elevation": 20, "light_azimuth": -50}
    scaled = stage.render(points, triangles, scale=(0.6, 1.1, 0.9), **settings)
    stretched = stage.render(points * (0.6, 1.1, 0.9), triangles, **settings)
    np.testing.assert_allclose(scaled.astype(int), stretched.astype(int), atol=3)
    assert (stage.render(points, triangles, **settings) != scaled).mean() > 0.2


def test_size_is_not_fitted_to_the_image(stage):
    points, triangles = BALL
    whole, half = (
        head_on(stage, (points * size, triangles), ambient=1, diffuse=0).sum() for size in (1, 0.5)
    )
    assert half == pytest.approx(whole / 4, rel=0.02)


def test_the_same_call_gives_the_same_bytes(stage):
    settings = {"azimuth": 33, "elevation": -12, "light_azimuth": 20}
    first = stage.render(*BALL, **settings)
    stage.render(*box(-0.4, 0.4), azimuth=80, elevation=5, scale=(2, 1, 1), smooth=False)
    np.testing.assert_array_equal(stage.render(*BALL, **settings), first)
    with Stage(SIDE, field=FIELD) as another:
        np.testing.assert_array_equal(another.render(*BALL, **settings), first)


def test_a_mesh_that_is_changed_in_place_is_drawn_anew(stage):
    points, triangles = BALL[0].copy(), BALL[1]
    before = head_on(stage, (points, triangles))
    points *= 0.5
    assert head_on(stage, (points, triangles)).sum() < before.sum() / 2


def test_background_is_the_level_asked_for():
    with Stage(16, background=200, field=4) as stage:
        picture = stage.render(*BALL, azimuth=0, elevation=0, ambient=0, diffuse=0)
    assert picture[0, 0] == 200
    assert picture[8, 8] == 0


def test_normals_of_a_sphere_are_its_points():
    points, triangles = BALL
    normals = vertex_normals(points, triangles)
    used = np.unique(triangles)
    lengths = np.linalg.norm(normals, axis=1)
    assert set(np.round(lengths, 5)) <= {0, 1}
    seen = used[lengths[used] > 0]
    assert (normals[seen] * points[seen]).sum(1).min() > 0.995


def test_without_vtk_a_stage_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "vtkmodules.vtkRenderingOpenGL2", None)
    with pytest.raises(UserError, match=r"VTK: pip install 'infoeval\[render\]'$"):
        Stage(8)


def test_a_machine_that_cannot_render_gets_a_hint(monkeypatch):
    class Window:
        def GetGenericContext(self):  # noqa: N802
            return None

        def __getattr__(self, name):
            return lambda *given: None

    monkeypatch.setattr("vtkmodules.vtkRenderingCore.vtkRenderWindow", Window)
    with pytest.raises(UserError, match="install EGL"):
        Stage(8)


def test_an_optimiser_can_be_made_after_drawing():
    """Both bring an LLVM of their own; in the wrong order the process dies."""
    program = (
        "import torch\n"
        "from infoeval.data.chairs import draw_chairs\n"
        "draw_chairs([[0, 0, 1, 30]])\n"
        "torch.optim.Adam([torch.zeros(2, requires_grad=True)])\n"
        "draw_chairs([[0, 0, 1, 60]])\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)
