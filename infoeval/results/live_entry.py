"""The generator inside a page: its entry in metrics.json."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from infoeval.results.contract import Count, Number, Open, Whole, wrong

__all__ = ["CategoricalSlider", "ContinuousSlider", "Live", "LiveImage", "Reference", "Runtime"]

EXAGGERATION = 2
"""A continuous slider spans this many times its prior's range, as the paper's −2 … 2."""

Side = Annotated[Whole, Field(ge=1, le=1024)]


class CategoricalSlider(Open):
    """A categorical code of the generator's input."""

    kind: Literal["categorical"]
    name: str
    size: Annotated[Whole, Field(ge=2, le=10_000)]


class ContinuousSlider(Open):
    """A continuous code of the generator's input; ``low`` and ``high`` are its prior's ends."""

    kind: Literal["continuous"]
    name: str
    low: Number
    high: Number

    @property
    def centre(self) -> float:
        """The middle of the prior."""
        return (self.low + self.high) / 2

    @property
    def reach(self) -> float:
        """How far the slider goes to either side of the middle."""
        return (self.high - self.low) / 2 * EXAGGERATION

    @model_validator(mode="after")
    def _check(self) -> "ContinuousSlider":
        if not 1e-6 <= self.reach <= 1e9 * max(1.0, abs(self.centre)):
            raise wrong("a number above low", "high")
        return self


class LiveImage(Open):
    """The size of the generator's images."""

    channels: Literal[1, 3]
    height: Side
    width: Side


class Reference(Open):
    """The file of codes and the images that belong to them, ``tolerance`` grey levels apart."""

    file: str
    sha256: str
    rows: Annotated[Whole, Field(ge=1, le=24)]
    tolerance: Count


class Runtime(Open):
    """The program that runs the generator."""

    name: str
    version: str


class Live(Open):
    """The generator's file, the codes of its input in their order, and how to check it."""

    file: str
    sha256: str
    noise: Annotated[Count, Field(le=100_000)]
    codes: Annotated[
        tuple[Annotated[CategoricalSlider | ContinuousSlider, Field(discriminator="kind")], ...],
        Field(min_length=1, max_length=64),
    ]
    image: LiveImage
    reference: Reference
    runtime: Runtime
