"""Which ONNX files are meant, and what they do not tell."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from infoeval.errors import UserError

SUFFIX = ".onnx"


@dataclass(frozen=True)
class OnnxChoice:
    """What an ONNX file does not tell.

    Args:
        prior: the codes of a decoder in a text such as "10,u,n" (see `parse_codes`), in the order
            of its inputs; what remains of these is noise. None: each input is a standard normal
            code.
        image_range: the darkest and the brightest value of its images, such as "-1,1".

    Raises:
        UserError: a range that is not two numbers, the lower one first.

    """

    prior: str | None = None
    image_range: str = "0,1"

    def __post_init__(self) -> None:
        _ = self.ends  # it checks the range

    @property
    def given(self) -> bool:
        """Whether anything was chosen."""
        return self != OnnxChoice()

    @property
    def ends(self) -> tuple[float, float]:
        """The darkest and the brightest value."""
        try:
            low, high = map(float, self.image_range.split(","))
        except ValueError:
            low = high = math.nan
        if not (low < high and math.isfinite(high - low)):
            raise UserError(
                f"--image-range {self.image_range}: give the darkest and the brightest value of "
                "the images, as in -1,1"
            )
        return low, high


def onnx_paths(model: str | Path) -> list[Path]:
    """Return the ONNX files that are meant, one, or two with a comma between; else none.

    >>> [path.name for path in onnx_paths("encoder.onnx,models/decoder.onnx")]
    ['encoder.onnx', 'decoder.onnx']
    >>> onnx_paths("ckpt.pt")
    []
    """
    if Path(model).suffix.lower() != SUFFIX:
        return []
    parts = [Path(part) for part in re.split(", *", str(model))]
    if len(parts) == 1 or Path(model).exists():
        return [Path(model)]
    return parts if len(parts) == 2 and parts[0].suffix.lower() == SUFFIX else []
