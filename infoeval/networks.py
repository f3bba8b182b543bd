"""Layer tables, as the paper's appendix prints them, and the networks built from them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from infoeval.coarse import Coarse
from infoeval.codes import CodeSpace
from infoeval.errors import UserError, one_line, quoted, shown
from infoeval.region import Region

Activation = Literal["none", "relu", "leaky_relu", "tanh", "sigmoid"]
ACTIVATIONS = ("none", "relu", "leaky_relu", "tanh", "sigmoid")

LEAKY_SLOPE = 0.1
INITIAL_DEVIATION = 0.02
"""Standard deviation of every initial weight, as in DC-GAN, which the paper builds on."""
LARGEST_WIDTH = 1_000_000

# A table may come from a stranger's checkpoint. The networks of the paper have up to 20 million
# weights; those for images of 1,024 pixels a side some 10 layers of 64 to 1,024 channels.
MOST_LAYERS = 200
MOST_WEIGHTS = 2**28
"""Weights of a table: 1 GiB in single precision."""
MOST_ACTIVATIONS = 2**26
"""Values that a layer computes of one image: 64 channels of 1,024 × 1,024 pixels."""
MOST_PRODUCTS = 2**38
"""Products of weights and values that a table computes for one image: some seconds of a CPU."""


@dataclass(frozen=True)
class Dense:
    """A fully connected layer (FC)."""

    width: int
    activation: Activation = "none"
    batch_norm: bool = False


@dataclass(frozen=True)
class Convolution:
    """A convolution; with stride s the image shrinks s-fold."""

    channels: int
    activation: Activation = "none"
    batch_norm: bool = False
    kernel: int = 4
    stride: int = 2


@dataclass(frozen=True)
class UpConvolution:
    """An up-convolution; with stride s the image grows s-fold."""

    channels: int
    activation: Activation = "none"
    batch_norm: bool = False
    kernel: int = 4
    stride: int = 2


@dataclass(frozen=True)
class Reshape:
    """Turn a vector into an image of `channels` × `height` × `width`."""

    channels: int
    height: int
    width: int


Layer = Dense | Convolution | UpConvolution | Reshape
_LAYERS: dict[str, type[Layer]] = {
    "dense": Dense,
    "convolution": Convolution,
    "up_convolution": UpConvolution,
    "reshape": Reshape,
}
Shape = tuple[int, ...]


def table_to_data(table: Sequence[Layer]) -> list[dict[str, Any]]:
    """Return a layer table as plain data."""
    names = {kind: name for name, kind in _LAYERS.items()}
    return [{"layer": names[type(layer)], **asdict(layer)} for layer in table]


def table_from_data(data: Sequence[Mapping[str, Any]]) -> tuple[Layer, ...]:
    """Return the layer table described by plain data. Raises UserError if there is none."""
    try:
        return tuple(
            _LAYERS[row["layer"]](**{key: row[key] for key in row if key != "layer"})
            for row in data
        )
    except (KeyError, TypeError) as error:
        raise UserError(f"not a layer table: {one_line(error)}") from error


Norm = nn.BatchNorm1d | nn.BatchNorm2d


class BatchNorm(nn.Module):
    """Batch normalisation of vectors or images, separately for each of `groups` parts of a batch.

    Real and generated images pass through the discriminator in one batch, for speed; normalising
    them together would show the discriminator which is which. When several processes share the
    batch, `over_processes` normalises it as a whole.
    """

    def __init__(self, channels: int, image: bool) -> None:
        super().__init__()
        self.norm: Norm = nn.BatchNorm2d(channels) if image else nn.BatchNorm1d(channels)
        self.over_processes: Callable[[Norm, Tensor, int], Tensor] | None = None

    def forward(self, x: Tensor, groups: int) -> Tensor:
        if self.over_processes is not None and self.training:
            return self.over_processes(self.norm, x, groups)
        if groups == 1 or not self.training:
            return self.norm(x)  # type: ignore[no-any-return]
        return torch.cat([self.norm(part) for part in x.chunk(groups)])


class Block(nn.Module):
    """One row of a layer table: linear map, batch normalisation, activation."""

    def __init__(self, layer: Layer, shape: Shape) -> None:
        super().__init__()
        self.layer = layer
        self.linear = _linear_map(layer, shape)
        self.shape = _output_shape(layer, shape)
        normalised = not isinstance(layer, Reshape) and layer.batch_norm
        self.norm = BatchNorm(self.shape[0], image=len(self.shape) == 3) if normalised else None
        self.activation = "none" if isinstance(layer, Reshape) else layer.activation

    def forward(self, x: Tensor, groups: int = 1) -> Tensor:
        if isinstance(self.layer, Reshape):
            # Vectors hold height, width, channel in that order: what channels_last memory holds.
            rows, columns, channels = self.layer.height, self.layer.width, self.layer.channels
            return x.view(-1, rows, columns, channels).permute(0, 3, 1, 2)
        if isinstance(self.layer, Dense):
            x = as_vectors(x)
        assert self.linear is not None
        x = self.linear(x)
        if self.norm is not None:
            x = self.norm(x, groups)
        return activate(x, self.activation)


class Stack(nn.Module):
    """The rows of a layer table, one after the other."""

    def __init__(self, table: Sequence[Layer], shape: Shape) -> None:
        super().__init__()
        _check_table(table, shape)
        self.blocks = nn.ModuleList()
        self.activations = math.prod(shape)
        for layer in table:
            block = Block(layer, shape)
            self.blocks.append(block)
            shape = block.shape
            self.activations = max(self.activations, math.prod(shape))
        self.shape = shape

    def forward(self, x: Tensor, groups: int = 1) -> Tensor:
        for block in self.blocks:
            x = block(x, groups)
        return x

    def hidden(self, x: Tensor) -> Tensor:
        """Return what the last layer reads, (n, width)."""
        for block in self.blocks[:-1]:
            x = block(x)
        return as_vectors(x)

    def output(self, hidden: Tensor) -> Tensor:
        """Return the last layer's output of what `hidden` returns."""
        return self.blocks[-1](hidden)  # type: ignore[no-any-return]


def as_vectors(x: Tensor) -> Tensor:
    """Return (n, width) of vectors or images: rows, columns, channels, as `Reshape` takes them."""
    return x.permute(0, 2, 3, 1).flatten(1) if x.dim() == 4 else x


class ParallelStacks(nn.Module):
    """Stacks side by side, each of which reads its own part of a vector.

    Args:
        stacks: the stacks.
        shapes: what each reads; the vector holds them one after the other.
        order: spans of columns (first, end) of the stacks' outputs, which are taken in this order.

    """

    def __init__(
        self, stacks: Sequence[Stack], shapes: Sequence[Shape], order: Sequence[tuple[int, int]]
    ) -> None:
        super().__init__()
        self.stacks = nn.ModuleList(stacks)
        self.shapes, self.order = tuple(shapes), tuple(order)
        self.shape: Shape = (sum(end - first for first, end in order),)
        read = sum(math.prod(shape) for shape in self.shapes)
        self.activations = max(read, *(stack.activations for stack in stacks))

    @property
    def blocks(self) -> list[nn.Module]:
        """The layers of all stacks."""
        return [block for stack in self.stacks for block in stack.blocks]  # type: ignore[union-attr]

    def forward(self, x: Tensor, groups: int = 1) -> Tensor:
        pairs = zip(self.stacks, self._parts(x), strict=True)
        return self._ordered([stack(part, groups) for stack, part in pairs])

    def hidden(self, x: Tensor) -> Tensor:
        """Return what the last layers read, (n, width)."""
        pairs = zip(self.stacks, self._parts(x), strict=True)
        return torch.cat([stack.hidden(part) for stack, part in pairs], -1)  # type: ignore[operator]

    def output(self, hidden: Tensor) -> Tensor:
        """Return the last layers' output of what `hidden` returns."""
        widths = [stack.blocks[-1].linear.in_features for stack in self.stacks]  # type: ignore[index, union-attr]
        pairs = zip(self.stacks, torch.split(hidden, widths, -1), strict=True)
        return self._ordered([stack.output(part) for stack, part in pairs])  # type: ignore[operator]

    def _parts(self, x: Tensor) -> list[Tensor]:
        parts = torch.split(x, [math.prod(shape) for shape in self.shapes], -1)
        pairs = zip(parts, self.shapes, strict=True)
        return [part.reshape(*part.shape[:-1], *shape) for part, shape in pairs]

    def _ordered(self, outputs: list[Tensor]) -> Tensor:
        together = torch.cat(outputs, -1)
        return torch.cat([together[..., first:end] for first, end in self.order], -1)


@dataclass(frozen=True)
class RecognitionInput:
    """What Q reads: the features that it shares with D, or a view of the images, and regions.

    Args:
        view: the view of the images; None: the features.
        regions: each region with the codes that are told from it alone.
        others: the codes that are told from the view or the features.

    """

    view: Coarse | None
    regions: Mapping[Region, tuple[str, ...]]
    others: tuple[str, ...]

    @classmethod
    def of(
        cls, codes: CodeSpace, view: Coarse | None, code_regions: Mapping[str, Region]
    ) -> "RecognitionInput":
        """Return the reading of codes, some of which have a region."""
        regions: dict[Region, tuple[str, ...]] = {}
        for name in codes:
            if name in code_regions:
                region = code_regions[name]
                regions[region] = (*regions.get(region, ()), name)
        return cls(view, regions, tuple(name for name in codes if name not in code_regions))

    @property
    def needs_features(self) -> bool:
        """Whether some code is told from the features that Q shares with D."""
        return self.view is None and bool(self.others)

    def stacks(
        self,
        codes: CodeSpace,
        table: Sequence[Layer],
        features: Shape,
        image_shape: tuple[int, int, int],
    ) -> Stack | ParallelStacks:
        """Return the networks that read it; `features` is the shape of the view or the features."""
        if not self.regions:
            return Stack([*table, Dense(codes.posterior_width)], features)
        shapes = {region: region.shape(image_shape) for region in self.regions}
        read: list[tuple[tuple[str, ...], Shape]] = [(self.others, features)] if self.others else []
        read += [(names, shapes[region]) for region, names in self.regions.items()]
        widths = {name: code.posterior_width for name, code in codes.items()}
        tables = [[*table, Dense(sum(widths[name] for name in names))] for names, _ in read]
        if sum(math.prod(shape) for _, shape in read) > MOST_ACTIVATIONS:
            raise UserError(f"code_regions have at most {MOST_ACTIVATIONS:,} values an image")
        weights = products = 0
        for rows, (_, shape) in zip(tables, read, strict=True):
            weights, products = _check_table(rows, shape, weights, products)
        stacks = [Stack(rows, shape) for rows, (_, shape) in zip(tables, read, strict=True)]
        spans, start = dict[str, tuple[int, int]](), 0
        for name in (name for names, _ in read for name in names):
            spans[name] = start, start + widths[name]
            start += widths[name]
        return ParallelStacks(stacks, [shape for _, shape in read], [spans[name] for name in codes])

    def __call__(
        self, images: Tensor, features: Tensor, pixel_range: tuple[float, float]
    ) -> Tensor:
        """Return what is read of images (…, channels, height, width) and their features.

        With regions it is a vector for each image.
        """
        whole = features if self.view is None else self.view.apply(images, pixel_range)
        if not self.regions:
            return whole
        parts = [whole] if self.others else []
        parts += [region.apply(images) for region in self.regions]
        return torch.cat([part.flatten(images.dim() - 3) for part in parts], -1)


class Networks(nn.Module):
    """The generator G, the layers D and Q share, and the two heads.

    Q's head ends in one linear layer with as many outputs as the posterior over the codes has
    parameters; D's is a single logit. The two heads have no weight in common.

    Args:
        codes: the latent codes.
        image_shape: (channels, height, width).
        generator: table of G; its last row must give `image_shape`.
        shared: table of the layers shared by D and Q.
        recognition: table of Q's own hidden layers, before its output layer.
        reads: the view of the images that `recognition` reads; None: what `shared` makes of them.
        regions: codes that are told apart by networks of their own, with the layers of
            `recognition`, from a region of the images; codes of one region have one network.
        with_average: whether there is a second G, `averaged`, the moving average of the first;
            else `averaged` is None.

    """

    def __init__(
        self,
        codes: CodeSpace,
        image_shape: tuple[int, int, int],
        generator: Sequence[Layer],
        shared: Sequence[Layer],
        recognition: Sequence[Layer] = (),
        *,
        reads: Coarse | None = None,
        regions: Mapping[str, Region] | None = None,
        with_average: bool = False,
    ) -> None:
        super().__init__()
        self.codes = codes
        self.image_shape = image_shape
        self.generator = Stack(generator, (codes.input_width,))
        if self.generator.shape != tuple(image_shape):
            raise UserError(
                f"the generator draws images of {self.generator.shape}, "
                f"the data are {tuple(image_shape)} (channels, height, width)"
            )
        self.shared = Stack(shared, tuple(image_shape))
        self.discriminator = Stack([Dense(1)], self.shared.shape)
        self.reading = RecognitionInput.of(codes, reads, regions or {})
        read = self.shared.shape if reads is None else reads.shape(image_shape)
        self.recognition = self.reading.stacks(codes, recognition, read, image_shape)
        self.averaged = Stack(generator, (codes.input_width,)) if with_average else None

    @property
    def evaluated_generator(self) -> Stack:
        """The G that draws pictures and is scored: the moving average, where there is one."""
        return self.generator if self.averaged is None else self.averaged

    @property
    def activations(self) -> int:
        """The most values that a layer computes of one image."""
        stacks = (self.generator, self.shared, self.recognition)
        return max(stack.activations for stack in stacks)

    @property
    def pixel_range(self) -> tuple[float, float]:
        """The range of scaled images: [0, 1] when G ends in a sigmoid, [−1, 1] otherwise."""
        drawing = [block for block in self.generator.blocks if block.linear is not None]
        sigmoid = bool(drawing) and drawing[-1].activation == "sigmoid"
        return (0.0, 1.0) if sigmoid else (-1.0, 1.0)

    def initialise(self, generator: torch.Generator) -> "Networks":
        """Return the networks with new weights, drawn on the CPU so that all devices agree."""
        for name, parameter in self.named_parameters():
            if ".linear.weight" in name and not name.startswith("averaged."):
                nn.init.normal_(parameter, 0.0, INITIAL_DEVIATION, generator=generator)
            elif ".linear.bias" in name:
                nn.init.zeros_(parameter)
        if self.averaged is not None:
            self.averaged.load_state_dict(self.generator.state_dict())
        return self

    def scale(self, images: Tensor) -> Tensor:
        """Return uint8 images as float32 in `pixel_range`, in the memory order of the layers."""
        low, high = self.pixel_range
        scaled = images.float().mul_((high - low) / 255).add_(low)
        return scaled.contiguous(memory_format=torch.channels_last)

    def unscale(self, images: Tensor) -> Tensor:
        """Return images in `pixel_range` as uint8."""
        low, high = self.pixel_range
        unit = (images.float() - low) / (high - low)
        return unit.mul(255).round().clamp(0, 255).to(torch.uint8).contiguous()


def _check_table(
    table: Sequence[Layer], shape: Shape, weights_before: int = 0, products_before: int = 0
) -> tuple[int, int]:
    """Return how many weights and products a table and those before it have.

    Raises UserError for invalid layers, and where all together is too much, before any is built.
    """
    if len(table) > MOST_LAYERS:
        raise UserError(f"a layer table has at most {MOST_LAYERS} layers, not {len(table):,}")
    total, products = weights_before, products_before
    for layer in table:
        _check_layer(layer, shape)
        weights, inputs = _weights(layer, shape), math.prod(shape[1:])
        shape = _output_shape(layer, shape)
        total += weights
        # Each weight is used once per pixel, of the input of an up-convolution and of the output of
        # a convolution; a vector is a single pixel.
        products += weights * (inputs if isinstance(layer, UpConvolution) else math.prod(shape[1:]))
        if total > MOST_WEIGHTS:
            raise UserError(f"{shown(layer)}: a table has at most {MOST_WEIGHTS:,} weights")
        if math.prod(shape) > MOST_ACTIVATIONS:
            raise UserError(
                f"{shown(layer)}: a layer has at most {MOST_ACTIVATIONS:,} values an image"
            )
        if products > MOST_PRODUCTS:
            raise UserError(
                f"{shown(layer)}: a table computes at most {MOST_PRODUCTS:,} products an image"
            )
    return total, products


def _check_layer(layer: Layer, shape: Shape) -> None:
    """Raise UserError for a layer that cannot take values of this shape."""
    match layer:
        case Reshape():
            sizes: tuple[int, ...] = (layer.channels, layer.height, layer.width)
        case Dense():
            sizes = (layer.width,)
        case Convolution() | UpConvolution():
            sizes = (layer.channels,)
            _check_kernel(layer.kernel, layer.stride)
            if len(shape) != 3:
                raise UserError(f"{shown(layer)} needs an image; put a Reshape before it")
        case _:
            raise UserError(f"{shown(layer)} is not a layer")
    if not all(isinstance(size, int) and 1 <= size <= LARGEST_WIDTH for size in sizes):
        raise UserError(f"{shown(layer)}: a layer has 1 to {LARGEST_WIDTH:,} units")
    activation = getattr(layer, "activation", "none")
    if activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise UserError(f"unknown activation {quoted(activation)}; known: {known}")


def _weights(layer: Layer, shape: Shape) -> int:
    """Return the number of weights between values of this shape and a layer."""
    match layer:
        case Reshape():
            return 0
        case Dense():
            return math.prod(shape) * layer.width
        case Convolution() | UpConvolution():
            return shape[0] * layer.channels * layer.kernel**2


def _linear_map(layer: Layer, shape: Shape) -> nn.Module | None:
    bias = not getattr(layer, "batch_norm", False)
    match layer:
        case Reshape():
            return None
        case Dense():
            return nn.Linear(math.prod(shape), layer.width, bias=bias)
        case Convolution() | UpConvolution():
            kind = SameConvolution if isinstance(layer, Convolution) else SameUpConvolution
            return kind(shape[0], layer.channels, layer.kernel, layer.stride, bias)


def _output_shape(layer: Layer, shape: Shape) -> Shape:
    match layer:
        case Dense():
            return (layer.width,)
        case Reshape():
            if shape != (layer.channels * layer.height * layer.width,):
                raise UserError(f"{shown(layer)} cannot take {shape} values")
            return (layer.channels, layer.height, layer.width)
        case UpConvolution():
            return (layer.channels, shape[1] * layer.stride, shape[2] * layer.stride)
        case Convolution():
            if shape[1] % layer.stride or shape[2] % layer.stride:
                raise UserError(
                    f"{shown(layer)} cannot halve an image of {shape[1]}×{shape[2]} evenly"
                )
            return (layer.channels, shape[1] // layer.stride, shape[2] // layer.stride)


class SameConvolution(nn.Conv2d):
    """A convolution whose output is exactly `stride` times smaller than its input.

    Odd padding is one larger at the right and bottom (Table 6's stride-1 layers).
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, bias: bool) -> None:
        _check_kernel(kernel, stride)
        super().__init__(inputs, outputs, kernel, stride, padding=(kernel - stride) // 2, bias=bias)
        self.extra = (kernel - stride) % 2

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.pad(x, (0, self.extra, 0, self.extra)))


class SameUpConvolution(nn.ConvTranspose2d):
    """The transpose of `SameConvolution`: its output is `stride` times larger."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, bias: bool) -> None:
        _check_kernel(kernel, stride)
        super().__init__(inputs, outputs, kernel, stride, padding=(kernel - stride) // 2, bias=bias)
        self.extra = (kernel - stride) % 2

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        y = super().forward(x, output_size)
        return y[:, :, : y.shape[2] - self.extra, : y.shape[3] - self.extra] if self.extra else y


def _check_kernel(kernel: int, stride: int) -> None:
    if not (isinstance(kernel, int) and isinstance(stride, int) and 1 <= stride <= kernel <= 64):
        sizes = f"kernel {shown(kernel)} and stride {shown(stride)}"
        raise UserError(f"{sizes}: need 1 ≤ stride ≤ kernel ≤ 64")


def activate(x: Tensor, activation: str) -> Tensor:
    """Return `x` after the activation function of that name."""
    match activation:
        case "relu":
            return functional.relu(x)
        case "leaky_relu":
            return functional.leaky_relu(x, LEAKY_SLOPE)
        case "tanh":
            return torch.tanh(x)
        case "sigmoid":
            return torch.sigmoid(x)
        case _:
            return x
