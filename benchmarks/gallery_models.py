"""Third-party models, adapted: for each of docs/gallery.md a function of its checkout's folder.

    infoeval score 'benchmarks/gallery_models.py:joint_vae("checkouts/joint-vae")' --data mnist

No file of theirs is part of this project. `classes` stands in for importing their own class, as
many of their files train a model or open a page when they are imported. Weights are opened with
`weights_only=True`, which runs nothing.
"""

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import infoeval
from infoeval import Categorical, Normal
from infoeval.subjects.protocols import Encoder, Generator, Model

Adapted = Encoder | Generator | Model


def classes(folder: str, file: str) -> SimpleNamespace:
    """Return the classes of a Python file as attributes; nothing else in the file is run."""
    path = Path(folder, file)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    names: dict[str, Any] = {"torch": torch, "nn": nn, "F": functional, "np": np}
    exec(compile(tree, path, "exec"), names)  # their network is what is adapted
    return SimpleNamespace(**names)


def weights(folder: str, file: str) -> Any:
    """Return the tensors in a file of weights."""
    return torch.load(Path(folder, file), weights_only=True, map_location="cpu")


def joint_vae(folder: str, trained: str, size: int, normal: int, categories: int) -> Adapted:
    spec = {"cont": normal, "disc": [categories]}
    net = classes(folder, "jointvae/models.py").VAE((1, size, size), spec)
    net.load_state_dict(weights(folder, f"trained_models/{trained}/model.pt"))
    codes = {f"cont {number}": Normal() for number in range(normal)}
    return infoeval.adapt(
        net.encode, net.decode, codes | {"disc": Categorical(categories)}, size=size
    )


def burgess_vae(folder: str, trained: str) -> Adapted:
    vars(np).setdefault("product", np.prod)  # NumPy 2 has no `product`, which they call
    encoder = classes(folder, "disvae/models/encoders.py").EncoderBurgess((1, 64, 64), 10)
    decoder = classes(folder, "disvae/models/decoders.py").DecoderBurgess((1, 64, 64), 10)
    net = nn.ModuleDict({"encoder": encoder, "decoder": decoder})
    net.load_state_dict(weights(folder, f"results/{trained}/model.pt"))
    return infoeval.adapt(encoder, decoder, codes=10)


def dense_vae(folder: str) -> Adapted:
    net = classes(folder, "mnist_vae/vae.py").VAE()
    net.load_state_dict(weights(folder, "mnist_vae/weights/vae_epoch_25.pth"))
    return infoeval.adapt(lambda images: net.encode(images.flatten(1)), net.decode, codes=20)


def deviation_vae(folder: str) -> Adapted:
    net = classes(folder, "model.py").VariationalAutoEncoder(784)
    net.load_state_dict(weights(folder, "vae.pth"))

    def encode(images: Tensor) -> dict[str, Tensor]:
        mean, deviation = net.encode(images.flatten(1))  # of either sign: they square it
        return {"mean": mean, "std": deviation.abs()}

    return infoeval.adapt(encode, net.decode, codes=20)


def dcgan(folder: str) -> Adapted:
    net = classes(folder, "model.py").Generator()
    net.load_state_dict(weights(folder, "models/generator.pth"))
    return infoeval.adapt(decode=net, noise=100, images=(-1, 1))


def small_dcgan(folder: str) -> Adapted:
    net = classes(folder, "streamlit_app.py").Generator(64)
    net.load_state_dict(weights(folder, "generator.pth"))
    return infoeval.adapt(decode=lambda z: net(z[:, :, None, None]), noise=64, images=(-1, 1))


def fashion_dcgan(folder: str) -> Adapted:
    net = classes(folder, "models.py").generator()
    net.load_state_dict(weights(folder, "generator.pt"))
    return infoeval.adapt(decode=net, noise=100, images=(-1, 1))


def conditional_gan(folder: str) -> Adapted:
    net = classes(folder, "main.py").Generator(10, 10)
    net.load_state_dict(weights(folder, "generator.pth"))

    def decode(z: Tensor) -> Any:
        return net(z[:, :10], z[:, 10:].argmax(1))

    codes = {"digit": Categorical(10)}
    return infoeval.adapt(decode=decode, codes=codes, noise=10, images=(-1, 1))
