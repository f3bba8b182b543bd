"""Encoders and decoders in ONNX files: the same numbers as the network, and hostile files."""

from pathlib import Path

import numpy as np
import pytest
import torch

from infoeval.codes import CodeSpace
from infoeval.data import ImageSet
from infoeval.errors import UserError
from infoeval.evaluation import encode, score
from infoeval.subjects import onnx_network
from infoeval.subjects.onnx_model import OnnxChoice
from infoeval.subjects.opening import open_subject

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

FLOAT, UINT8, INT64 = 1, 2, 7
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (7, 1, 6, 6), dtype=np.uint8)
READ = RANDOM.normal(size=(36, 2)).astype(np.float32)
DRAW = RANDOM.normal(size=(2, 36)).astype(np.float32)
AS_IMAGE, AS_ROW = [-1, 1, 6, 6], [-1, 36]


def save(path: Path, nodes, inputs, outputs, **constants) -> Path:
    """Write a network; `nodes` are (operator, inputs, outputs, attributes)."""
    helper = onnx.helper
    made = [helper.make_node(op, given, found, **more) for op, given, found, more in nodes]
    graph = helper.make_graph(
        made,
        "network",
        [helper.make_tensor_value_info(*port) for port in inputs],
        [helper.make_tensor_value_info(*port) for port in outputs],
        [
            onnx.numpy_helper.from_array(np.asarray(array), name)
            for name, array in constants.items()
        ],
    )
    sets = [helper.make_opsetid("", 18)]
    path.write_bytes(helper.make_model(graph, opset_imports=sets, ir_version=9).SerializeToString())
    return path


def encoder(folder: Path, batch="n", shape=(1, 6, 6)) -> Path:
    return save(
        folder / "encoder.onnx",
        [("Reshape", ["x", "s"], ["r"], {}), ("MatMul", ["r", "w"], ["c"], {})],
        [("x", FLOAT, [batch, *shape])],
        [("c", FLOAT, [batch, 2])],
        s=AS_ROW,
        w=READ,
    )


def decoder(folder: Path, batch="n", last="Sigmoid", shape=(1, 6, 6), latent=(2,)) -> Path:
    return save(
        folder / "decoder.onnx",
        [
            ("Reshape", ["z", "f"], ["z2"], {}),
            ("MatMul", ["z2", "w"], ["m"], {}),
            (last, ["m"], ["a"], {}),
            ("Reshape", ["a", "s"], ["x"], {}),
        ],
        [("z", FLOAT, [batch, *latent])],
        [("x", FLOAT, [batch, *shape])],
        f=[-1, 2],
        s=[-1, *shape],
        w=DRAW,
    )


def drawn(path: Path, **choice) -> torch.Tensor:
    subject = open_subject(str(path), onnx=OnnxChoice(**choice))
    codes = {"z0": torch.tensor([0.5, -1, 2]), "z1": torch.tensor([1.0, 0, -1])}
    return subject.generator.generate(codes, torch.zeros(3, 0))


def columns(path: Path, images=IMAGES, **choice):
    subject = open_subject(str(path), onnx=OnnxChoice(**choice))
    images = ImageSet("images", "test", images)
    return subject.reader(images).encode(images)


@pytest.mark.parametrize("batch", ["n", 1, 3])
@pytest.mark.parametrize(
    "shape", [(1, 6, 6), (6, 6, 1), (6, 6), (36,)], ids=["first", "last", "grey", "row"]
)
def test_an_encoder_reads_what_its_network_computes(tmp_path: Path, batch, shape) -> None:
    found = columns(encoder(tmp_path, batch, shape)).columns
    np.testing.assert_allclose(found, IMAGES.reshape(7, 36) / 255 @ READ, rtol=1e-5)
    assert list(found) == ["code 0", "code 1"]


def test_images_come_in_the_range_that_was_chosen(tmp_path: Path) -> None:
    found = columns(encoder(tmp_path), image_range="-1,1", prior="u,a").columns
    assert list(found) == ["continuous_1", "angle_1"]
    np.testing.assert_allclose(found, (IMAGES.reshape(7, 36) / 127.5 - 1) @ READ, rtol=1e-4)
    standardised = (IMAGES.reshape(7, 36) / 255 - 0.25) / 0.5
    found = columns(encoder(tmp_path), image_range="-0.5,1.5").columns
    np.testing.assert_allclose(found, standardised @ READ, rtol=1e-4)


@pytest.mark.parametrize(
    "text", ["", "1", "0,1,2", "a,b", "1,0", "1,1", "nan,1", "0,inf", "-inf,0"]
)
def test_a_range_is_two_numbers_the_lower_first(text: str) -> None:
    with pytest.raises(UserError, match=r"--image-range .*: give the darkest .* as in -1,1"):
        OnnxChoice(image_range=text)


def test_images_of_another_form_are_fitted(tmp_path: Path) -> None:
    large = IMAGES.repeat(2, 2).repeat(2, 3).repeat(3, 1)
    found = columns(encoder(tmp_path), large).columns
    np.testing.assert_allclose(found, IMAGES.reshape(7, 36) / 255 @ READ, rtol=1e-4)


def test_an_encoder_of_bytes_is_given_bytes(tmp_path: Path) -> None:
    path = save(
        tmp_path / "bytes.onnx",
        [
            ("Cast", ["x"], ["f"], {"to": FLOAT}),
            ("ReduceMax", ["f", "axes"], ["c"], {"keepdims": 0}),
        ],
        [("x", UINT8, ["n", 1, 6, 6])],
        [("c", FLOAT, ["n", 1])],
        axes=[2, 3],
    )
    np.testing.assert_array_equal(columns(path).columns["code 0"], IMAGES.max((1, 2, 3)))


def test_outputs_by_name_are_posteriors_and_codes(tmp_path: Path) -> None:
    path = save(
        tmp_path / "vae.onnx",
        [
            ("Reshape", ["x", "s"], ["r"], {}),
            ("MatMul", ["r", "w"], ["z_mean"], {}),
            ("Neg", ["z_mean"], ["z_log_var"], {}),
            ("Sigmoid", ["x"], ["reconstruction"], {}),
        ],
        [("x", FLOAT, ["n", 1, 6, 6])],
        [
            ("reconstruction", FLOAT, ["n", 1, 6, 6]),
            *((name, FLOAT, ["n", 2]) for name in ("z_mean", "z_log_var")),
        ],
        s=AS_ROW,
        w=READ,
    )
    encoding = columns(path)
    mean = IMAGES.reshape(7, 36) / 255 @ READ
    np.testing.assert_allclose(encoding.columns, mean, rtol=1e-5)
    np.testing.assert_allclose(encoding.gaussians["code 1"].log_variance, -mean[:, 1], rtol=1e-5)


@pytest.mark.parametrize("batch", ["n", 1, 2])
@pytest.mark.parametrize("latent", [(2,), (2, 1, 1)])
@pytest.mark.parametrize("shape", [(1, 6, 6), (6, 6, 1), (6, 6), (36,)])
def test_a_decoder_draws_what_its_network_computes(tmp_path: Path, batch, latent, shape) -> None:
    path = decoder(tmp_path, batch, shape=shape, latent=latent)
    z = np.array([[0.5, 1], [-1, 0], [2, -1]])
    expected = (1 / (1 + np.exp(-z @ DRAW))).reshape(3, 1, 6, 6)
    np.testing.assert_allclose(drawn(path), expected, rtol=1e-4)
    space = open_subject(path).codes
    assert (list(space), space.noise) == (["z0", "z1"], 0)


def test_pixels_beyond_their_range_are_refused_and_read_as_they_are(tmp_path: Path) -> None:
    path = decoder(tmp_path, last="Tanh")
    with pytest.raises(UserError, match=r"pixels from -.*--image-range"):
        drawn(path)
    z = np.array([[0.5, 1], [-1, 0], [2, -1]])
    expected = (np.tanh(z @ DRAW).reshape(3, 1, 6, 6) + 1) / 2
    np.testing.assert_allclose(drawn(path, image_range="-1,1"), expected, atol=1e-5)


def test_pixels_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"draws pixels that are not finite \(NaN or inf\)$"):
        drawn(decoder(tmp_path, last="Log"))


def test_one_image_of_a_canvas_is_drawn_at_a_time(tmp_path: Path) -> None:
    """Height, width, and red, green, blue, alpha: no axis for a batch."""
    path = save(
        tmp_path / "canvas.onnx",
        [
            ("Gather", ["z", "first"], ["g"], {"axis": 1}),
            ("Reshape", ["g", "one"], ["r"], {}),
            ("Expand", ["r", "s"], ["e"], {}),
            ("Cast", ["e"], ["x"], {"to": UINT8}),
        ],
        [("z", FLOAT, ["n", 2])],
        [("x", UINT8, [6, 5, 4])],
        first=[0],
        one=[1, 1, 1],
        s=[6, 5, 4],
    )
    subject = open_subject(path)
    values = torch.tensor([10.0, 200, 30])
    images = subject.generator.generate({"z0": values, "z1": values / 2}, torch.zeros(3, 0))
    assert images.shape == (3, 3, 6, 5)
    assert images.amin((1, 2, 3)).tolist() == images.amax((1, 2, 3)).tolist() == [10, 200, 30]


def conditional(folder: Path, order=("z", "y"), as_class: bool = False) -> Path:
    """Images whose first pixel is z0, the second z1, the third the class."""
    number = (
        [("Cast", ["y"], ["n"], {"to": FLOAT}), ("Reshape", ["n", "col"], ["k"], {})]
        if as_class
        else [("MatMul", ["y", "w"], ["k"], {})]
    )
    ports = {"z": ("z", FLOAT, ["n", 2])}
    ports["y"] = ("y", INT64, ["n"]) if as_class else ("y", FLOAT, ["n", 3])
    nodes = [*number, ("Concat", ["z", "k", "k"], ["c"], {"axis": 1})]
    nodes += [("Reshape", ["c", "s"], ["r"], {}), ("Clip", ["r", "low", "high"], ["x"], {})]
    return save(
        folder / "conditional.onnx",
        nodes,
        [ports[name] for name in order],
        [("x", FLOAT, ["n", 1, 2, 2])],
        w=np.array([[0], [1], [2]], np.float32) / 2,
        col=[-1, 1],
        s=[-1, 1, 2, 2],
        low=np.float32(0),
        high=np.float32(1),
    )


@pytest.mark.parametrize("order", [("z", "y"), ("y", "z")])
@pytest.mark.parametrize("as_class", [False, True])
def test_a_label_is_a_code_and_the_rest_is_noise(tmp_path: Path, order, as_class: bool) -> None:
    subject = open_subject(conditional(tmp_path, order, as_class), onnx=OnnxChoice(prior="3"))
    assert list(subject.codes) == ["category_1"]
    assert subject.codes.noise == 2
    noise = torch.tensor([[0.1, 0.2], [0.3, 0.4]])
    images = subject.generator.generate({"category_1": torch.tensor([1, 0])}, noise)
    found = images.flatten(1)[:, :3]
    third = [1.0, 0] if as_class else [0.5, 0]
    np.testing.assert_allclose(found, [[0.1, 0.2, third[0]], [0.3, 0.4, third[1]]], atol=1e-6)


def test_codes_fill_the_inputs_in_their_order(tmp_path: Path) -> None:
    subject = open_subject(conditional(tmp_path), onnx=OnnxChoice(prior="u,n,3"))
    assert list(subject.codes) == ["continuous_1", "normal_1", "category_1"]
    assert subject.codes.noise == 0
    values = {"continuous_1": torch.tensor([0.25]), "normal_1": torch.tensor([0.75])}
    images = subject.generator.generate(
        values | {"category_1": torch.tensor([2])}, torch.zeros(1, 0)
    )
    np.testing.assert_allclose(images.flatten(), [0.25, 0.75, 1, 1])


@pytest.mark.parametrize("prior", ["4", "n,n,n,n,n,n", "3,2", "2,2,2"])
def test_codes_that_do_not_fit_the_inputs_are_refused(tmp_path: Path, prior: str) -> None:
    with pytest.raises(UserError, match=r"does not fit its inputs, z \(2\), y \(3\)"):
        open_subject(conditional(tmp_path), onnx=OnnxChoice(prior=prior))


def test_a_class_needs_its_categories(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"y is a class.*--prior"):
        open_subject(conditional(tmp_path, as_class=True))


def test_encoder_and_decoder_are_one_model(tmp_path: Path) -> None:
    paths = decoder(tmp_path), encoder(tmp_path)
    subject = open_subject(",".join(map(str, paths)))
    images = ImageSet("images", "test", IMAGES)
    assert list(subject.reader(images).encode(images).columns) == list(subject.codes)
    alone = [open_subject(path).fingerprint for path in paths]
    assert len({*alone, subject.fingerprint}) == 3
    with pytest.raises(UserError, match="both files are decoders"):
        open_subject(f"{paths[0]},{paths[0]}")


def test_onnx_files_are_scored_and_encoded(tmp_path: Path) -> None:
    path = encoder(tmp_path)
    images = RANDOM.integers(0, 256, (60, 6, 6), dtype=np.uint8)
    np.savez(tmp_path / "x.npz", images=images, labels=np.arange(60) % 3)
    result = score(str(path), metrics=["mig"], data=str(tmp_path / "x.npz"), null=0, replicates=0)
    assert result.subject["code_names"] == ["code 0", "code 1"]
    table = encode(path, tmp_path / "x.npz", image_range="0,255")
    np.testing.assert_allclose(
        table[["code 0", "code 1"]], images.reshape(60, 36) @ READ, rtol=1e-3
    )
    assert {"code continuous_1", "code angle_1"} < set(
        encode(path, tmp_path / "x.npz", prior="u,a")
    )
    with pytest.raises(UserError, match="no ONNX file: --prior and --image-range have no use"):
        score({"codes": np.zeros((3, 2))}, prior="n,n")


def relu(path: Path, given, found) -> Path:
    ports = [("x", FLOAT, given)], [("y", FLOAT, found)]
    return save(path, [("Relu", ["x"], ["y"], {})], *ports)


@pytest.mark.parametrize(
    ("given", "found", "message"),
    [
        (["n", 1, 6, 6], ["n", 1, 6, 6], "reads images and draws images"),
        (["n", 1, 4, 4, 4], ["n", 1, 4, 4, 4], "cannot tell what it is"),
        ([], [], "single number"),
        (["n", 2**40], ["n", 2**40], "too large"),
        (["n", "k"], ["n", "k"], "cannot tell what it is"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, given, found, message: str) -> None:
    with pytest.raises(UserError, match=message):
        open_subject(relu(tmp_path / "net.onnx", given, found))


@pytest.mark.parametrize("content", [b"", b"no model", b"\x3a\x02\x12\x00"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(UserError, match=r"net\.onnx: "):
        open_subject(tmp_path / "net.onnx")
    with pytest.raises(UserError, match="cannot be read"):
        open_subject(tmp_path / "missing.onnx")


def test_memory_is_bounded_while_a_network_computes(tmp_path: Path) -> None:
    """Eight bytes in the file ask for 256 TiB."""
    path = save(
        tmp_path / "large.onnx",
        [
            ("ConstantOfShape", ["s"], ["c"], {}),
            ("ReduceMax", ["c"], ["m"], {"keepdims": 0}),
            ("Add", ["z", "m"], ["a"], {}),
            ("Reshape", ["a", "i"], ["x"], {}),
        ],
        [("z", FLOAT, ["n", 36])],
        [("x", FLOAT, ["n", 1, 6, 6])],
        s=[2**46],
        i=AS_IMAGE,
    )
    generator = open_subject(path).generator
    codes = {name: torch.zeros(2) for name in generator.codes}
    with pytest.raises(UserError, match="more than 4 GiB of memory"):
        generator.generate(codes, torch.zeros(2, 0))


def test_many_rows_are_computed_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = drawn(decoder(tmp_path))
    monkeypatch.setattr(onnx_network, "CHUNK", 2)
    torch.testing.assert_close(drawn(decoder(tmp_path)), whole)


def test_the_code_space_of_many_inputs_is_that_of_standard_normal_codes(tmp_path: Path) -> None:
    path = save(
        tmp_path / "wide.onnx",
        [("Sigmoid", ["z"], ["x"], {})],
        [("z", FLOAT, ["n", 100])],
        [("x", FLOAT, ["n", 100])],
    )
    space = open_subject(path).codes
    assert isinstance(space, CodeSpace)
    assert list(space) == [f"z{number}" for number in range(100)]
    assert {code.kind for code in space.values()} == {"normal"}


def test_onnxruntime_prints_nothing_of_its_own(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The standard output may be JSON for machines."""
    content = encoder(tmp_path).read_bytes().replace(b"MatMul", b"Mat\xd7ul")
    (tmp_path / "odd.onnx").write_bytes(content)
    with pytest.raises(UserError, match=r"odd\.onnx: is no network that onnxruntime runs"):
        open_subject(tmp_path / "odd.onnx")
    assert capfd.readouterr() == ("", "")
