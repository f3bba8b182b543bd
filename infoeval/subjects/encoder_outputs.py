"""What an encoder may return for images, and how it is understood: values and posteriors."""

import dataclasses
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from torch import distributions as laws

from infoeval.arrays import as_array
from infoeval.errors import UserError
from infoeval.subjects.subject import Array

NAMELESS = ""
"""Name of the output of an encoder that returned no mapping."""
DIAGONAL = 1e-6
"""Covariances below this share of the deviations' product are rounding."""

_SPREADS: dict[str, Callable[[Array], Array]] = {
    **dict.fromkeys(("logvar", "logvariance", "logcovariance"), lambda spread: spread),
    **dict.fromkeys(("logsigma", "logstd", "logscale", "logdeviation"), lambda spread: 2 * spread),
    **dict.fromkeys(("var", "variance"), np.log),
    **dict.fromkeys(
        ("std", "stddev", "sigma", "scale", "deviation", "standarddeviation"),
        lambda spread: 2 * np.log(spread),
    ),
}
"""Log variances from what goes by a name; the first of several names counts."""
_MEANS = ("mean", "means", "mu", "loc", "embedding")
_WRAPPED = ("latentdist", "posterior", "latentdistribution", "encoderposterior")
_PREFIXES = ("", "z", "q", "qz", "latent", "posterior", "encoder")
_BESIDE = re.compile(r"z|latents?|samples?|zsample|loss.*|.*kl.*|recon.*|.*recon|.*reconstruction")
"""What may stand beside a mean and a variance: draws, losses and reconstructions."""
_NAMED = "{'z': (mean, log_variance), 'class': probabilities}"

Kind = Literal["values", "probabilities", "gaussian", "pair"]


class Output(NamedTuple):
    """Numbers of n images, (n, columns), and what they are.

    "gaussian": means, then as many log variances; "pair": the same, by their order alone.
    """

    kind: Kind
    array: Array

    @property
    def form(self) -> tuple[Kind, int]:
        """What must be the same for all images."""
        return self.kind, self.array.shape[1]


def outputs_of(returned: Any, count: int, pixels: int, name: str) -> dict[str, Output]:
    """Return what an encoder of `count` images of so many `pixels` returned, by name.

    One output without a name, `NAMELESS`, or one for each entry of a mapping. See
    docs/your-model.md for what is understood.

    Raises UserError, beginning with the model's `name`, for anything else.
    """
    said = f"{name}: the encoder returned"
    reading = _Interpretation(count, pixels)
    if not isinstance(returned, Mapping) or reading.is_posterior(returned):
        return {NAMELESS: reading.output(returned, said)}
    outputs: dict[str, Output] = {}
    for key, value in returned.items():
        if str(key) in outputs:
            raise UserError(f"{name}: the encoder returned two codes called {str(key)!r}")
        outputs[str(key)] = reading.output(value, f"{said} for {str(key)!r}")
    if not outputs:
        raise UserError(f"{name}: the encoder returned no codes")
    return outputs


def check_pairs(outputs: Mapping[str, Output], name: str) -> None:
    """Raise UserError where the second of a pair without names looks like a deviation.

    Every log variance above 0 would be a posterior wider than the prior, of every image.
    """
    for key, output in outputs.items():
        variances = output.array[:, output.array.shape[1] // 2 :]
        if output.kind == "pair" and (variances > 0).all():
            where = f" for {key!r}" if key else ""
            raise UserError(
                f"{name}: the encoder returned a pair{where} whose second is above 0 for every "
                "image, as deviations are; say which it is: {'mean': mean, 'std': std} or "
                "{'mean': mean, 'log_variance': log_variance}"
            )


class _Interpretation:
    """How the output of an encoder is read, for `count` images of so many `pixels`."""

    def __init__(self, count: int, pixels: int) -> None:
        self.count, self.pixels = count, pixels

    def output(self, value: Any, said: str) -> Output:
        """Return what a value is. Raises UserError, beginning with `said`."""
        if isinstance(value, laws.Distribution):
            return self._of_law(value, said)
        if _is_array(value):
            return Output("values", self._array(value, said))
        fields = _fields(value)
        for key, inner in fields.items():
            if _plain(key) in _WRAPPED:
                return self.output(inner, f"{said} {key}")
        if _known(fields, _MEANS) and _known(fields, _SPREADS):
            return self._of_fields(fields, said)
        if isinstance(value, tuple | list) and any(map(_is_array, value)):
            return self._of_sequence(value, said) if len(value) > 1 else self.output(value[0], said)
        return Output("values", self._array(value, said))

    def is_posterior(self, returned: Mapping[Any, Any]) -> bool:
        """Return whether a mapping is one posterior, and not one of codes by name."""
        wrapped = any(_plain(key) in _WRAPPED for key in returned)
        return wrapped or bool(_known(returned, _MEANS) and _known(returned, _SPREADS))

    def _of_fields(self, fields: Mapping[Any, Any], said: str) -> Output:
        mean, spread = _known(fields, _MEANS)[0], _known(fields, _SPREADS)[0]
        others = set(fields) - {*_known(fields, _MEANS), *_known(fields, _SPREADS)}
        for key in sorted(others, key=str):
            if _is_array(fields[key]) and not self._is_beside(key, fields[key]):
                raise UserError(
                    f"{said} {str(key)!r} beside {mean!r} and {spread!r}; return a mapping from "
                    f"names to codes, as in {_NAMED}"
                )
        return self._gaussian(fields[mean], fields[spread], _plain(spread), said)

    def _is_beside(self, key: Any, value: Any) -> bool:
        """Return whether a field is no code: a draw, a loss, a reconstruction."""
        return bool(_BESIDE.fullmatch(_letters(key))) or len(_shape(value)) not in (1, 2)

    def _of_sequence(self, values: Sequence[Any], said: str) -> Output:
        """Return the posterior in (mean, log variance), perhaps after images and losses."""
        shapes = [_shape(value) for value in values]
        kept = [place for place, shape in enumerate(shapes) if not self._is_image_or_loss(shape)]
        what = f"a {type(values).__name__} of shapes {', '.join(map(str, shapes))}"
        if len(kept) != 2 or shapes[kept[0]] != shapes[kept[1]]:
            raise UserError(f"{said} {what}; return (mean, log_variance), or name codes: {_NAMED}")
        mean, log_variance = (values[place] for place in kept)
        output = self._gaussian(mean, log_variance, "logvar", said)
        return Output("pair", output.array)

    def _is_image_or_loss(self, shape: tuple[int, ...]) -> bool:
        if len(shape) == 2:
            return shape[1] == self.pixels
        return len(shape) != 1 or shape != (self.count,)

    def _of_law(self, law: laws.Distribution, said: str) -> Output:
        """Return the posterior that a distribution of torch is."""
        kind = type(law).__name__
        while isinstance(law, laws.Independent):
            law = law.base_dist
        if isinstance(law, laws.Normal):
            return self._gaussian(law.loc, law.scale, "std", said)
        if isinstance(law, laws.MultivariateNormal | laws.LowRankMultivariateNormal):
            deviations = law.variance.sqrt()
            scale = deviations[..., :, None] * deviations[..., None, :]
            correlation = (law.covariance_matrix / scale).abs()
            if (correlation.triu(1) + correlation.tril(-1)).max() > DIAGONAL:
                raise UserError(
                    f"{said} a {kind} of dependent codes; return a Normal(mean, deviation) of each"
                )
            return self._gaussian(law.mean, deviations, "std", said)
        if isinstance(
            law, laws.Categorical | laws.OneHotCategorical | laws.RelaxedOneHotCategorical
        ):
            return Output("probabilities", self._array(law.probs, said))
        if isinstance(law, laws.VonMises):
            return Output("values", self._array(law.loc.remainder(2 * math.pi), said))
        raise UserError(
            f"{said} a {kind}; return a Normal(mean, deviation), a Categorical of probabilities, "
            "or the codes themselves"
        )

    def _gaussian(self, mean: Any, spread: Any, word: str, said: str) -> Output:
        """Return means and log variances, from what `word` says of the spread."""
        means, spreads = (self._array(values, said).astype(float) for values in (mean, spread))
        if means.shape != spreads.shape:
            raise UserError(
                f"{said} means {means.shape} and a spread {spreads.shape}; give one for each mean"
            )
        convert = _SPREADS[_stem(word, _SPREADS)]
        with np.errstate(divide="ignore", invalid="ignore"):
            log_variances = convert(spreads)
        if not np.isfinite(log_variances).all():
            raise UserError(
                f"{said} a {word} of {spreads.min():.3g}, which must be above 0; if it is a log "
                "variance, return (mean, log_variance)"
            )
        return Output("gaussian", np.concatenate([means, log_variances], axis=1))

    def _array(self, value: Any, said: str) -> Array:
        """Return the codes of the images as an array (count, D) of numbers."""
        wanted = f"return an array (images, codes), here ({self.count}, D)"
        if value is None or isinstance(value, tuple | list | str):
            what = "nothing" if value is None else f"a {type(value).__name__}"
            raise UserError(f"{said} {what}; {wanted}")
        array = as_array(value, said)
        rows = array.ndim in (1, 2) and len(array) == self.count
        if array.dtype.kind not in "biuf" or not rows:
            raise UserError(f"{said} {array.dtype} of shape {array.shape}; {wanted}")
        if array.size == 0:
            raise UserError(f"{said} no codes; {wanted}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise UserError(f"{said} numbers that are not finite (NaN or inf)")
        return array.reshape(self.count, -1)


def _is_array(value: Any) -> bool:
    if isinstance(value, Mapping):
        return False
    return any(hasattr(value, name) for name in ("__array__", "__dlpack__", "nnz"))


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(getattr(value, "shape", ()))


def _fields(value: Any) -> Mapping[Any, Any]:
    """Return the named parts of a mapping, a named tuple or an object; methods are none."""
    if isinstance(value, Mapping):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return {name: getattr(value, name) for name in getattr(value, "_fields", ())}
    known = (*_MEANS, *_SPREADS, *_WRAPPED)
    names = [name for name in dir(value) if not name.startswith("_") and _stem(name, known)]
    found = {name: getattr(value, name, None) for name in names}
    return {name: part for name, part in found.items() if _is_array(part) or not callable(part)}


def _letters(key: Any) -> str:
    return re.sub("[^a-z]", "", str(key).lower())


def _stem(key: Any, words: Any) -> str:
    """Return the word that a name such as "z_mean" has in `words`; or nothing."""
    letters = _letters(key)
    stems = (letters.removeprefix(prefix) for prefix in _PREFIXES)
    return next((stem for stem in stems if stem in words), "")


def _plain(key: Any) -> str:
    return _stem(key, (*_MEANS, *_SPREADS, *_WRAPPED)) or _letters(key)


def _known(fields: Mapping[Any, Any], words: Any) -> list[Any]:
    """Return the names that are among `words`, in the order of these."""
    order = list(words)
    found = [key for key in fields if fields[key] is not None and _stem(key, words)]
    return sorted(found, key=lambda key: order.index(_stem(key, words)))
