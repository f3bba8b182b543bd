"""Triangle meshes rendered offscreen on the CPU by VTK (the extra ``render``)."""

import math
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from infoeval.errors import UserError

if TYPE_CHECKING:
    from vtkmodules.vtkRenderingCore import vtkRenderWindow

_SAMPLES = 4  # a pixel is the mean of 4 × 4 samples


class Stage:
    """An offscreen stage of ``side`` × ``side`` pixels for one mesh at a time; a context manager.

    The object is at the origin, with y up and its front towards +z. An orthographic camera looks
    at the origin and sees a square of ``field`` × ``field`` units of the object, whatever the size
    of the object.

    Args:
        side: of the images, in pixels.
        background: grey level around the object, 0 to 255.
        field: side of the visible square, in the object's units.

    Raises:
        UserError: VTK is not installed, or cannot render offscreen.
    """

    def __init__(self, side: int, *, background: int = 0, field: float = 2.0) -> None:
        _require_vtk()
        from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
        from vtkmodules.vtkCommonDataModel import vtkPolyData
        from vtkmodules.vtkRenderingCore import vtkActor, vtkLight, vtkPolyDataMapper, vtkRenderer

        self.side = side
        self._mesh: tuple[NDArray[np.float32], NDArray[np.int64]] | None = None
        self._radius = 1.0
        self._surface = vtkPolyData()
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(self._surface)
        self._actor = vtkActor()
        self._actor.SetMapper(mapper)
        self._light = vtkLight()
        self._light.SetLightTypeToCameraLight()
        renderer = vtkRenderer()
        grey = background / 255
        renderer.SetBackground(grey, grey, grey)
        renderer.AutomaticLightCreationOff()
        renderer.AddLight(self._light)
        renderer.AddActor(self._actor)
        self._camera = renderer.GetActiveCamera()
        self._camera.ParallelProjectionOn()
        self._camera.SetParallelScale(field / 2)
        self._window = _window(side * _SAMPLES)
        self._window.AddRenderer(renderer)
        self._pixels = vtkUnsignedCharArray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._window.Finalize()  # frees its memory

    def render(
        self,
        vertices: NDArray[Any],
        triangles: NDArray[Any],
        *,
        azimuth: float,
        elevation: float,
        light_azimuth: float = 0.0,
        light_elevation: float = 0.0,
        ambient: float = 0.15,
        diffuse: float = 0.85,
        smooth: bool = True,
        scale: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ) -> NDArray[np.uint8]:
        """Return an image of a mesh; the same call gives the same bytes.

        The grey level is 255 · (ambient + diffuse · max(0, cosine between normal and light)). A
        face seen from behind is lit like one seen from the front. A mesh that was rendered just
        before costs less, so images of one mesh are best rendered one after another.

        Args:
            vertices: shape ``(v, 3)``.
            triangles: three vertex indices each, shape ``(t, 3)``.
            azimuth: of the camera, in degrees: 0 in front of the object, 90 on +x.
            elevation: of the camera, in degrees, 90 above the object.
            light_azimuth: of the light, relative to the camera and not to the object, so that it
                is independent of the object's rotation: 0 from the camera, 90 from the right of
                the image.
            light_elevation: of the light above the camera, in degrees.
            ambient: light from everywhere, 0 to 1.
            diffuse: light from the one direction, 0 to 1.
            smooth: whether normals are interpolated between the vertices, or each triangle is flat.
            scale: factors along x, y and z by which the object is stretched first.

        Returns:
            Grey levels, shape ``(side, side)``, row 0 on top.
        """
        self._place_mesh(vertices, triangles)
        surface = self._actor.GetProperty()
        surface.SetAmbient(ambient)
        surface.SetDiffuse(diffuse)
        surface.SetSpecular(0.0)
        surface.SetInterpolation(1 if smooth else 0)
        self._actor.SetScale(*scale)
        self._light.SetPosition(*_direction(light_azimuth, light_elevation))
        self._place_camera(azimuth, elevation, self._radius * max(scale))
        self._window.Render()
        return self._averaged()

    def _place_mesh(self, vertices: NDArray[Any], triangles: NDArray[Any]) -> None:
        from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
        from vtkmodules.vtkCommonCore import vtkPoints
        from vtkmodules.vtkCommonDataModel import vtkCellArray

        points = np.array(vertices, dtype=np.float32, order="C")
        corners = np.array(triangles, dtype=np.int64, order="C")
        if self._mesh is not None:
            known_points, known_corners = self._mesh
            if np.array_equal(points, known_points) and np.array_equal(corners, known_corners):
                return
        self._mesh = points, corners
        self._radius = float(np.linalg.norm(points, axis=1).max())
        holder = vtkPoints()
        holder.SetData(numpy_to_vtk(points, deep=True))
        cells = vtkCellArray()
        cells.SetData(3, numpy_to_vtkIdTypeArray(corners.ravel(), deep=True))
        self._surface.SetPoints(holder)
        self._surface.SetPolys(cells)
        normals = numpy_to_vtk(vertex_normals(points, corners), deep=True)
        self._surface.GetPointData().SetNormals(normals)
        self._surface.Modified()

    def _place_camera(self, azimuth: float, elevation: float, radius: float) -> None:
        distance = 2 * radius
        self._camera.SetFocalPoint(0, 0, 0)
        self._camera.SetPosition(*(distance * x for x in _direction(azimuth, elevation)))
        self._camera.SetViewUp(*_direction(azimuth, elevation + 90))
        self._camera.SetClippingRange(0.9 * radius, 3.1 * radius)

    def _averaged(self) -> NDArray[np.uint8]:
        from vtkmodules.util.numpy_support import vtk_to_numpy

        last = self.side * _SAMPLES - 1
        self._window.GetRGBACharPixelData(0, 0, last, last, 0, self._pixels, 0)
        colours = vtk_to_numpy(self._pixels)
        samples = colours[:, 0].reshape(self.side, _SAMPLES, self.side, _SAMPLES)
        mean: NDArray[np.float64] = samples.mean(axis=(1, 3))
        return np.ascontiguousarray(np.rint(mean)[::-1].astype(np.uint8))


def vertex_normals(vertices: NDArray[Any], triangles: NDArray[Any]) -> NDArray[np.float32]:
    """Return unit normals of vertices, ``(v, 3)``: means of triangle normals weighted by area.

    A vertex that is in no triangle with an area has the normal zero.
    """
    a, b, c = (vertices[triangles[:, k]].astype(np.float64) for k in range(3))
    areas = np.cross(b - a, c - a)
    corners = triangles.ravel()
    normals = np.stack(
        [np.bincount(corners, np.repeat(areas[:, k], 3), len(vertices)) for k in range(3)], axis=1
    )
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(
        normals, lengths, out=np.zeros_like(normals), where=lengths > 0
    ).astype(np.float32)
    return unit


def _direction(azimuth: float, elevation: float) -> tuple[float, float, float]:
    turn, rise = math.radians(azimuth), math.radians(elevation)
    return math.sin(turn) * math.cos(rise), math.sin(rise), math.cos(turn) * math.cos(rise)


def _require_vtk() -> None:
    """Import VTK. Raises UserError if it is not installed.

    Triton, which torch loads with its first optimiser, and the software renderer of Mesa each
    contain an LLVM; the process dies if Mesa's is loaded first.
    """
    with suppress(ImportError):
        import_module("triton._C.libtriton")
    try:
        import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 - the renderer itself
    except ImportError as error:
        raise UserError("rendering 3D objects needs VTK: pip install 'infoeval[render]'") from error


def _window(side: int) -> "vtkRenderWindow":
    from vtkmodules.vtkCommonCore import vtkLogger
    from vtkmodules.vtkRenderingCore import vtkRenderWindow

    # Without a screen VTK warns before it falls back to offscreen rendering.
    cutoff = vtkLogger.GetCurrentVerbosityCutoff()
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_ERROR)
    window = vtkRenderWindow()
    window.SetOffScreenRendering(True)
    window.SetMultiSamples(0)  # averaging samples here is as smooth, and three times faster
    window.SetSize(side, side)
    window.Initialize()
    vtkLogger.SetStderrVerbosity(cutoff)
    # Rendering without a context would end the process.
    if window.GetGenericContext() is None:
        raise UserError(
            "VTK cannot render on this machine: install EGL (Debian's libegl1) or OSMesa"
        )
    return window
