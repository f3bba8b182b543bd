"""Pictures of how far a run is: what each code does, by step."""

from collections.abc import Mapping
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from infoeval.codes import CodeSpace
from infoeval.files import atomic_path
from infoeval.networks import Networks
from infoeval.traversals import tile, traverse

__all__ = ["draw_samples"]


def draw_samples(networks: Networks, space: CodeSpace, folder: Path, step: int) -> None:
    """Write a picture for each code into `folder`, its values across, as in Figure 2.

    Raises UserError where the folder cannot be written. The networks are left in training mode.
    """
    device = next(networks.parameters()).device

    @torch.no_grad()
    def generate(codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        return networks.unscale(networks.generator(space.encode(codes, noise).to(device)))

    networks.eval()
    for name in space:
        sheet = tile(traverse(space, generate, name)[0])
        picture = Image.fromarray(sheet if sheet.shape[2] == 3 else sheet[:, :, 0])
        with atomic_path(folder / f"step-{step:06d}-{name}.png") as path:
            picture.save(path)
    networks.train()
