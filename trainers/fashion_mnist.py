"""InfoGAN on Fashion-MNIST: the networks, codes and rates of `mnist`."""

from dataclasses import replace

from infoeval.training.choosing import load_trainer

trainer = replace(load_trainer("mnist"), name="fashion_mnist", data="fashion_mnist", steps=1500)
