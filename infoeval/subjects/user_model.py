"""A user's model: an encoder, a generator, or both."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from infoeval.codes import CodeSpace
from infoeval.data.image_set import CHANNELS, ImageSet
from infoeval.errors import UserError
from infoeval.files import sha256
from infoeval.python_files import user_code
from infoeval.subjects.batch_norm import BatchNorm, BatchNormStatistics
from infoeval.subjects.checkpoint_model import CALIBRATION_IMAGES, calibration_images
from infoeval.subjects.encoder_outputs import Kind, Output, check_pairs, outputs_of
from infoeval.subjects.encoding_columns import encoding_of
from infoeval.subjects.found_networks import networks_in
from infoeval.subjects.protocols import Generator, TwoStepGenerator, sample
from infoeval.subjects.subject import Array, Encoding, Reader, Subject
from infoeval.traversals import as_pixels

CHUNK = 500
_IMAGES = "return a tensor (n, channels, height, width) of images"


class UserModel(Subject):
    """A user's encoder, generator, or both.

    Args:
        model: a function of images or an object with `encode`; an object with `codes` (an
            `infoeval.CodeSpace`) and `generate(codes, noise)`; an object with all three; or a
            pair (encoder, generator), either of which may be None. A generator in two steps has
            `noise`, a number, `latent(noise)` and `synthesize(w)`. The networks in them are put
            into evaluation mode. See docs/your-model.md.
        name: what it is called in results and messages.
        path: the file it came from; None for a model in memory.
        seed: of an encoder's random draws, and of generated images for batch-norm statistics.
        batch_norm: batch-norm statistics of the encoder: estimated on training images ("real") or
            on images of the generator ("generated"), or its own ("running").

    Raises:
        UserError: anything else.

    """

    def __init__(
        self,
        model: Any,
        name: str,
        *,
        path: Path | None = None,
        seed: int = 0,
        batch_norm: BatchNorm = "real",
    ) -> None:
        self.name, self.path, self.seed, self.batch_norm = name, path, seed, batch_norm
        encoder, generator = _parts(model, name)
        self.encode = getattr(encoder, "encode", encoder)
        self.has_encoder = encoder is not None
        self._generator = None if generator is None else _user_generator(name, generator)
        self._codes = None if encoder is None else getattr(encoder, "codes", None)
        self._reader: tuple[ImageSet, Reader] | None = None
        for network in (*networks_in(self.encode), *networks_in(generator)):
            network.eval()

    @cached_property
    def fingerprint(self) -> str | None:
        return None if self.path is None else sha256(self.path)

    @property
    def generator(self) -> Generator | None:
        return self._generator

    @property
    def codes(self) -> CodeSpace | None:
        """The latent codes of its generator, or those that its encoder says it reads."""
        if self._generator is not None:
            return self._generator.codes
        return self._codes if isinstance(self._codes, CodeSpace) else None

    def reader(self, train: ImageSet) -> Reader:
        if self._reader is None or self._reader[0] is not train:
            reader = _UserEncoder(self.name, self.encode, self.seed, self.codes)
            if reader.batch_norm not in (None, self.batch_norm):
                reader.estimate_statistics(self._calibration(train), self.batch_norm)
            self._reader = train, reader
        return self._reader[1]

    def _calibration(self, train: ImageSet) -> NDArray[np.uint8]:
        """Return the images that batch-norm statistics are estimated on."""
        if self.batch_norm == "real":
            return calibration_images(train.images)
        if self._generator is None:
            raise UserError(
                f"{self.name} has no generator: --batch-norm generated needs one; give real or "
                "running"
            )
        random = torch.Generator().manual_seed(self.seed)
        images = sample(self._generator, CALIBRATION_IMAGES, random)[1]
        return as_pixels(images, CALIBRATION_IMAGES).numpy()


def _parts(model: Any, name: str) -> tuple[Any, Any]:
    """Return the encoder and the generator of a user's model, either of which may be None."""
    pair = model if isinstance(model, tuple) else (model, None)
    if len(pair) != 2:
        raise UserError(
            f"{name}: a tuple of {len(pair)} is no model; a pair (encoder, generator) is"
        )
    encoder, generator = pair
    for part in pair:
        if inspect.isclass(part):
            raise UserError(
                f"{name}: {part.__name__} is a class; give an object, {part.__name__}()"
            )
    if generator is None and (hasattr(encoder, "generate") or _takes_two_steps(encoder)):
        generator = encoder
        if not callable(getattr(encoder, "encode", encoder)):
            encoder = None
    unusable = encoder is not None and (
        isinstance(encoder, str) or not callable(getattr(encoder, "encode", encoder))
    )
    if unusable or (encoder is None and generator is None):
        what = "None" if encoder is None else type(encoder).__name__
        raise UserError(
            f"{name}: {what} is no model; give an encoder, a function of images, or a generator"
        )
    if generator is not None and not _is_generator(generator):
        if _takes_two_steps(generator):
            raise UserError(
                f"{name}: a generator in two steps needs `noise`, the number of its standard "
                "normal variables"
            )
        alone = "for the encoder alone give its `encode`"
        cure = (
            alone if generator is encoder else "infoeval.adapt(encode, decode, codes=10) has them"
        )
        raise UserError(
            f"{name}: a generator needs `codes`, an infoeval.CodeSpace, and "
            f"`generate(codes, noise)`; {cure}"
        )
    return encoder, generator


def _is_generator(generator: Any) -> bool:
    has_codes = isinstance(getattr(generator, "codes", None), CodeSpace)
    if _takes_two_steps(generator):
        noise = getattr(generator, "noise", None)
        return has_codes or (type(noise) is int and noise > 0)
    return has_codes and callable(getattr(generator, "generate", None))


def _takes_two_steps(generator: Any) -> bool:
    return all(callable(getattr(generator, name, None)) for name in ("latent", "synthesize"))


def _user_generator(name: str, generator: Any) -> "_UserGenerator":
    return (_UserTwoSteps if _takes_two_steps(generator) else _UserGenerator)(name, generator)


class _UserGenerator:
    """A user's generator whose errors name the model, and which keeps no gradients.

    `generate` raises UserError where it fails, and for tensors that are no images by their form.
    """

    def __init__(self, name: str, generator: Generator) -> None:
        self.name, self.generator = name, generator

    @property
    def codes(self) -> CodeSpace:
        return self.generator.codes

    @torch.no_grad()
    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        with user_code(f"{self.name}: the generator failed on {len(noise)} codes"):
            images = self.generator.generate(codes, noise)
        return self._checked(images, len(noise))

    def _checked(self, images: Any, count: int) -> Tensor:
        returned = f"{self.name}: the generator returned"
        if not isinstance(images, Tensor):
            raise UserError(f"{returned} {type(images).__name__}; {_IMAGES}")
        shape = tuple(images.shape)
        channels_last = len(shape) == 4 and shape[1] not in CHANNELS and shape[3] in CHANNELS
        if len(shape) != 4 or channels_last:
            cure = ", as images.permute(0, 3, 1, 2) is" if channels_last else ""
            raise UserError(f"{returned} a tensor {shape}; {_IMAGES}{cure}")
        if len(images) != count:
            raise UserError(
                f"{returned} {len(images)} images for {count} codes; return one for each"
            )
        return images


class _UserTwoSteps(_UserGenerator):
    """A user's generator in two steps; without `generate` these two are what it does."""

    generator: TwoStepGenerator

    @property
    def codes(self) -> CodeSpace:
        known = getattr(self.generator, "codes", None)
        return known if known is not None else CodeSpace(noise=self.generator.noise)  # type: ignore[attr-defined]

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        if hasattr(self.generator, "generate"):
            return super().generate(codes, noise)
        return self.synthesize(self.latent(noise))

    @torch.no_grad()
    def latent(self, noise: Tensor) -> Tensor:
        """Return w (n, D). Raises UserError where the user's `latent` returns nothing like it."""
        with user_code(f"{self.name}: latent failed on noise {tuple(noise.shape)}"):
            w = self.generator.latent(noise)
        if not isinstance(w, Tensor) or w.dim() != 2 or len(w) != len(noise):
            what = f"a tensor {tuple(w.shape)}" if isinstance(w, Tensor) else type(w).__name__
            raise UserError(
                f"{self.name}: latent returned {what}; return w, a tensor ({len(noise)}, D)"
            )
        if not bool(w.isfinite().all()):
            raise UserError(f"{self.name}: latent returned numbers that are not finite")
        return w

    @torch.no_grad()
    def synthesize(self, w: Tensor) -> Tensor:
        """Return images. Raises UserError where the user's `synthesize` returns none."""
        with user_code(f"{self.name}: synthesize failed on w {tuple(w.shape)}"):
            images = self.generator.synthesize(w)
        return self._checked(images, len(w))


class _UserEncoder(Reader):
    """A user's encoder; torch's random draws in it are the same for the same seed.

    Columns of an array are named after the codes of the generator, `space`, if there are as many.
    """

    def __init__(
        self, name: str, encode: Callable[[Tensor], Any], seed: int, space: CodeSpace | None
    ) -> None:
        super().__init__()
        self.name, self.encoder, self.seed, self.space = name, encode, seed, space
        self._statistics = BatchNormStatistics(networks_in(encode))
        self.batch_norm = "running" if len(self._statistics) else None
        self._forms: dict[str, tuple[Kind, int]] = {}

    def estimate_statistics(self, images: NDArray[np.uint8], kind: BatchNorm) -> None:
        """Read images with batch-norm statistics estimated on these, at most `CHUNK` at a time."""
        if len(images) < 2:
            raise UserError(
                "batch-norm statistics need at least two images; give --batch-norm running"
            )
        # A short last batch would count as much as a full one.
        size = min(CHUNK, len(images))
        batches = torch.split(torch.from_numpy(images[: len(images) // size * size]), size)
        with self._seeded():
            self._statistics.estimate(self._encode, batches)
        if self._statistics.estimated:
            self.batch_norm = kind

    def read(self, images: NDArray[np.uint8]) -> dict[str, Array]:
        chunks: list[dict[str, Output]] = []
        with self._seeded(), self._statistics.in_force():
            for start in range(0, len(images), CHUNK):
                part = torch.from_numpy(images[start : start + CHUNK].copy())
                returned = self._encode(part)
                with user_code(f"{self.name}: the encoder's output cannot be read"):
                    chunks.append(outputs_of(returned, len(part), part[0].numel(), self.name))
        first = not self._forms
        for chunk in chunks:
            forms = {key: output.form for key, output in chunk.items()}
            if forms != (self._forms or forms):
                raise UserError(f"{self.name}: the encoder returned other codes for other images")
            self._forms = forms
        whole = {
            key: Output(kind, np.concatenate([chunk[key].array for chunk in chunks]))
            for key, (kind, _) in self._forms.items()
        }
        if first:
            check_pairs(whole, self.name)
        return {key: output.array for key, output in whole.items()}

    @contextmanager
    def _seeded(self) -> Iterator[None]:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(self.seed)
            yield

    def _encode(self, images: Tensor) -> Any:
        with user_code(f"{self.name}: the encoder failed on uint8 images {tuple(images.shape)}"):
            return self.encoder(images)

    def encoding(self, arrays: Mapping[str, Array]) -> Encoding:
        kinds = {key: kind for key, (kind, _) in self._forms.items()}
        return encoding_of(arrays, kinds, self.space, self.name)
