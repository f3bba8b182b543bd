"""A trainer: one experiment as one declarative value, like a page of the paper's appendix."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from infoeval.augment import Affine
from infoeval.coarse import Coarse
from infoeval.codes import CodeSpace
from infoeval.errors import UserError, one_line, quoted, shown, unknown
from infoeval.networks import Layer, Networks, table_from_data, table_to_data
from infoeval.region import Region

Precision = Literal["auto", "float32", "bfloat16"]

LARGEST_SIDE = 2048
"""Pixels of a side of an image; a checkpoint's images are drawn before anybody has seen one."""
MOST_CHANNELS = 64

_TABLES = ("generator", "shared", "recognition")
_VIEWS: dict[str, type[Affine] | type[Coarse]] = {
    "recognition_reads": Coarse,
    "recognition_view": Affine,
    "invariance_view": Affine,
}


@dataclass(frozen=True)
class Trainer:
    """Data, codes, layer tables, rates and steps of one experiment.

    Args:
        name: of the experiment.
        data: a data set's name, a `.npz` file or a folder of images.
        codes: the latent codes and the number of noise variables.
        image_shape: (channels, height, width).
        resized: images of another form are resized to `image_shape`; else they are refused.
        generator: layer table of G.
        shared: layer table of what D and Q share.
        recognition: layer table of Q's own hidden layers.
        steps: training steps; one step updates D once and G once.
        batch: images a step.
        information_weight: λ of eq. 6. At 0 Q is trained on detached features, and L_I reaches
            neither G nor the shared layers: the plain GAN of Figure 1 (as long as
            `invariance_weight` is 0 too).
        information_warmup: steps over which λ grows from 0, in proportion to the steps done; 0 in
            the paper.
        continuous_starts: steps done before the codes that are no categories count in L_I, so that
            the categories are settled by then; 0 in the paper.
        code_weights: how much each code's L_I counts in λ L_I; 1 for a code not named.
        code_regions: codes that Q reads in a region of the images, by a network of its own that has
            the layers of `recognition`; none in the paper.
        generator_rate, discriminator_rate: Adam's learning rates. Q's head learns at the rate
            of the network it learns with.
        discriminator_waits_below: in a step in which D's loss −V(D, G) is below this many nats, D
            does not learn from it, so that G can follow; 0, as in the paper: it always learns.
            A D that cannot tell has log 4 = 1.39.
        gradient_penalty: γ of R1 (Mescheder et al. 2018), which keeps D smooth where images are
            real: γ/2 E‖∇ₓ logit D(x)‖² is added to D's loss, x being real images in the networks'
            range of pixels, with their noise; 0, as in the paper: none.
        adam_betas: Adam's decay rates.
        recognition_learns: "with_generator": Q's head is updated in G's step and D's shared layers
            get no gradient from L_I. "with_discriminator": head and shared layers are updated on
            L_I in D's step, as in the paper's authors' code.
        image_noise: standard deviation of the Gaussian noise on all images that D and Q see, real
            and generated, as a share of the range of pixels; 0 in the paper.
        image_noise_half_life: steps in which that deviation halves, again and again, so that D
            first sees what is coarse and later also what is fine; 0: it stays.
        generator_average: decay of a moving average of G's weights over the steps, which draws
            pictures and is scored in place of G (Karras et al. 2018); 0, as in the paper: none.
        recognition_reads: Q is a network of its own, whose table `recognition` reads this view of
            the images; None, as in the paper: it reads the layers that D shares with it.
        ring_steps: above 0: before the first step, Q's only angle is fitted to a ring in the views
            of real images in as many steps (`infoeval.training.ring`), which is no InfoGAN.
        recognition_view: Q reads generated images through this random map, so that a code has to
            be readable from slightly augmented images too; None: Q reads them unchanged.
        invariance_weight: weight of I(ĉ; ĉ') between real images and augmented copies
            (`information_between_views`), which D's step then also maximises; 0 for InfoGAN.
        invariance_balance: weight in that term of how evenly the categories are used; 1 for the
            information itself, more where a category that holds two kinds of images is to be split.
        invariance_starts: steps done before that term sets in. Until then the run equals one
            without it, bit for bit.
        invariance_view: how those copies are augmented.
        precision: "float32", "bfloat16", or "auto": bfloat16 where the device computes in it.
        variants: settings by name that replace these.

    Raises:
        UserError: when a setting makes no sense.

    """

    name: str
    data: str
    codes: CodeSpace
    image_shape: tuple[int, int, int]
    generator: tuple[Layer, ...]
    shared: tuple[Layer, ...]
    recognition: tuple[Layer, ...] = ()
    steps: int = 5000
    batch: int = 128
    information_weight: float = 1.0
    information_warmup: int = 0
    continuous_starts: int = 0
    code_weights: Mapping[str, float] = field(default_factory=dict)
    code_regions: Mapping[str, Region] = field(default_factory=dict)
    generator_rate: float = 1e-3
    discriminator_rate: float = 2e-4
    discriminator_waits_below: float = 0.0
    gradient_penalty: float = 0.0
    adam_betas: tuple[float, float] = (0.5, 0.999)
    recognition_learns: Literal["with_generator", "with_discriminator"] = "with_generator"
    image_noise: float = 0.0
    image_noise_half_life: int = 0
    generator_average: float = 0.0
    recognition_reads: Coarse | None = None
    ring_steps: int = 0
    recognition_view: Affine | None = None
    invariance_weight: float = 0.0
    invariance_balance: float = 1.0
    invariance_starts: int = 0
    invariance_view: Affine = field(default_factory=Affine)
    precision: Precision = "auto"
    resized: bool = False
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("name", "data"):
            if not isinstance(getattr(self, name), str):
                raise UserError(f"{name} must be text, not {shown(repr(getattr(self, name)))}")
        for name in _TABLES:
            table = getattr(self, name)
            if not isinstance(table, tuple) or not all(isinstance(row, Layer) for row in table):
                raise UserError(f"{name} must be a layer table: a tuple of layers")
        if not self.codes:
            raise UserError("a trainer needs at least one code")
        shape = self.image_shape
        if not (isinstance(shape, tuple) and len(shape) == 3):
            raise UserError(f"image_shape must be (channels, height, width), not {shown(shape)}")
        _check_image(shape)
        if not isinstance(self.recognition_view, Affine | None):
            raise UserError(
                f"recognition_view must be a view or None, not {shown(self.recognition_view)}"
            )
        if not isinstance(self.recognition_reads, Coarse | None):
            raise UserError(
                f"recognition_reads must be a coarse view or None, not "
                f"{shown(self.recognition_reads)}"
            )
        if not isinstance(self.invariance_view, Affine):
            raise UserError(f"invariance_view must be a view, not {shown(self.invariance_view)}")
        if not isinstance(self.resized, bool):
            raise UserError(f"resized must be true or false, not {quoted(self.resized)}")
        _require_whole("steps", self.steps, 1)
        _require_whole("batch", self.batch, 2)
        counts = "invariance_starts", "information_warmup", "continuous_starts"
        for name in (*counts, "image_noise_half_life", "ring_steps"):
            _require_whole(name, getattr(self, name), 0)
        rates = ("generator_rate", "discriminator_rate")
        weights = ("information_weight", "invariance_weight", "invariance_balance")
        other = ("image_noise", "discriminator_waits_below", "gradient_penalty")
        for name in (*weights, *rates, *other, "generator_average"):
            _require_number(name, getattr(self, name))
        if self.generator_average >= 1:
            raise UserError(f"generator_average must be below 1, not {self.generator_average}")
        if not isinstance(self.code_weights, Mapping):
            raise UserError("code_weights must map names of codes to numbers")
        betas = self.adam_betas
        if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise UserError(f"adam_betas must be two numbers from 0 to below 1, not {shown(betas)}")
        for name, weight in self.code_weights.items():
            if name not in self.codes:
                raise UserError(f"code_weights names {quoted(name)}, which is not a code")
            _require_number(f"code_weights[{name!r}]", weight)
        self._check_regions()
        if self.recognition_learns not in ("with_generator", "with_discriminator"):
            raise UserError(f"unknown recognition_learns: {quoted(self.recognition_learns)}")
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise UserError(f"unknown precision: {quoted(self.precision)}")
        if self.invariance_weight and not self.categorical_codes:
            raise UserError("invariance_weight needs a categorical code")
        angles = [name for name, code in self.codes.items() if code.is_circular]
        if self.ring_steps and (self.recognition_reads is None or len(angles) != 1):
            raise UserError("ring_steps needs recognition_reads and a single angle among the codes")

    def _check_regions(self) -> None:
        if not isinstance(self.code_regions, Mapping):
            raise UserError("code_regions must map names of codes to regions")
        for name, region in self.code_regions.items():
            if name not in self.codes:
                raise UserError(f"code_regions names {quoted(name)}, which is not a code")
            if not isinstance(region, Region):
                raise UserError(f"code_regions[{name!r}] must be a region, not {shown(region)}")
        if self.code_regions and self.ring_steps:
            raise UserError("ring_steps reads no regions: leave code_regions out")

    @property
    def categorical_codes(self) -> tuple[str, ...]:
        """Names of the categorical codes."""
        return tuple(name for name, code in self.codes.items() if code.is_categorical)

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each code's L_I, before λ."""
        return {name: float(self.code_weights.get(name, 1.0)) for name in self.codes}

    def is_invariant(self, done: int) -> bool:
        """Return whether the invariance term counts in the step after `done`."""
        return self.invariance_weight > 0 and done >= self.invariance_starts

    def variant(self, name: str) -> "Trainer":
        """Return the trainer with the settings of a variant; "default" is the trainer itself."""
        if name == "default":
            return self
        if name not in self.variants:
            known = ["default", *self.variants]
            raise UserError(unknown(f"{self.name} has no variant", name, known))
        try:
            return replace(self, **self.variants[name])
        except TypeError as error:  # also where it is no mapping
            raise UserError(f"{self.name}: variant {name!r}: {one_line(error)}") from error

    def networks(self) -> Networks:
        """Return the networks of the layer tables; their weights are not drawn yet."""
        tables = self.generator, self.shared, self.recognition
        return Networks(
            self.codes,
            self.image_shape,
            *tables,
            reads=self.recognition_reads,
            regions=self.code_regions,
            with_average=self.generator_average > 0,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, from which `from_dict` builds an equal trainer without variants."""
        data = {item.name: getattr(self, item.name) for item in fields(self)}
        del data["variants"]
        data["codes"] = self.codes.to_dict()
        for name in _TABLES:
            data[name] = table_to_data(data[name])
        for name in _VIEWS:
            data[name] = dict(vars(data[name])) if data[name] is not None else None
        data["image_shape"], data["adam_betas"] = list(self.image_shape), list(self.adam_betas)
        data["code_weights"] = dict(self.code_weights)
        data["code_regions"] = {name: item.to_dict() for name, item in self.code_regions.items()}
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Trainer":
        """Return the trainer described by plain data. Raises UserError if there is none."""
        try:
            values = dict(data)
            values["codes"] = CodeSpace.from_dict(values["codes"])
            for name in _TABLES:
                values[name] = table_from_data(values[name])
            for name, view in _VIEWS.items():
                if values.get(name) is not None:
                    values[name] = view(**values[name])
            regions = values.get("code_regions", {})
            values["code_regions"] = {name: Region(**item) for name, item in regions.items()}
            channels, height, width = values["image_shape"]
            values["image_shape"] = int(channels), int(height), int(width)
            values["adam_betas"] = tuple(values["adam_betas"])
            return cls(**values)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise UserError(f"not a trainer's settings: {one_line(error)}") from error


def _check_image(shape: tuple[int, int, int]) -> None:
    channels, height, width = shape
    if not all(isinstance(size, int) for size in shape) or not (
        1 <= channels <= MOST_CHANNELS
        and 1 <= height <= LARGEST_SIDE
        and 1 <= width <= LARGEST_SIDE
    ):
        raise UserError(
            f"images have 1 to {MOST_CHANNELS} channels and 1 to {LARGEST_SIDE:,} pixels a side, "
            f"not (channels, height, width) = {shown(shape)}"
        )


def _require_whole(name: str, value: int, minimum: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise UserError(f"{name} must be a whole number of at least {minimum}, not {quoted(value)}")


def _require_number(name: str, value: float) -> None:
    if not (isinstance(value, int | float) and math.isfinite(value) and value >= 0):
        raise UserError(f"{name} must be a number of at least 0, not {quoted(value)}")
