"""Models of a user: tests copy this file to a folder of their own, and run it there."""

import numpy as np
import torch

from infoeval import Categorical, CodeSpace, Uniform, UserError


def moments(images):
    """Centre, area and noise of a sprite."""
    x = images.float()[:, 0] / 255
    place = torch.arange(float(x.shape[1]))
    area = x.sum((1, 2))
    across, down = (x.sum(1) * place).sum(1) / area, (x.sum(2) * place).sum(1) / area
    return torch.stack([across, down, area, torch.randn(len(x))], 1)


def encoder():
    import beside  # lies beside the copy

    assert beside.THERE
    return moments


class Named:
    """Reads and draws."""

    codes = CodeSpace(kind=Categorical(2), shift=Uniform(-1, 1), noise=1)

    def encode(self, images):
        found = moments(images)
        large = (found[:, 2:3] > 200).float()
        kind = torch.cat([1 - large, large], 1)
        return {"kind": kind, "place": found[:, :2], "area": found[:, 2]}

    def generate(self, codes, noise):
        grey = codes["kind"].float() / 2 + 0.2 * codes["shift"] + 0.2
        return grey[:, None, None, None].expand(-1, 1, 8, 8) + 0.0 * noise[:, :1, None, None]


def named():
    return Named()


def pair():
    return moments, Named()


class Draws:
    """A generator alone."""

    codes = Named.codes

    def generate(self, codes, noise):
        return Named().generate(codes, noise)


def draws():
    return Draws()


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Dropout(0.5))

    def forward(self, images):
        return self.layers(images.float())[:, :2]


def network():
    return Network()


def arrays():
    return lambda images: images.numpy().astype(float).mean((1, 2))


def raises():
    raise ValueError("no\nluck")


def tells():
    raise UserError("weights.pt is not there")


def nothing():
    return 3


def half():
    return moments, moments


def fails():
    return lambda images: images @ 1


def tuples():
    return lambda images: (images, images)


def short():
    return lambda images: np.zeros((3, 2))


def missing():
    return lambda images: np.full((len(images), 2), np.nan)


value = 3
