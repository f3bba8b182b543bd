"""Networks are found behind the functions that use them, and data are not searched."""

import functools
from typing import Any

import pytest
from torch import Tensor, nn

from infoeval.subjects.found_networks import LONGEST, networks_in

GLOBAL = nn.Linear(2, 2)


class Holder:
    """An object with a network, which its method uses."""

    def __init__(self, network: nn.Module) -> None:
        self.parts = {"inner": [network]}
        self.itself = self

    def read(self, images: Tensor) -> Any:
        return self.parts["inner"][0](images)


def by_global(images: Tensor) -> Any:
    return GLOBAL(images)


@pytest.mark.parametrize("form", ["module", "method", "partial", "default", "object", "wrapped"])
def test_a_network_is_found(form: str) -> None:
    network = nn.Linear(2, 2)
    holder = Holder(network)
    functions: dict[str, Any] = {
        "module": network,
        "method": network.forward,
        "partial": functools.partial(lambda net, images: net(images), network),
        "default": lambda images, net=network: net(images),
        "object": holder,
        "wrapped": functools.wraps(by_global)(lambda images: holder.read(images)),
    }
    found = networks_in(functions[form])
    assert found[0] is network
    assert found[1:] == ([GLOBAL] if form == "wrapped" else [])


def test_variables_of_modules_count_and_others_do_not() -> None:
    assert networks_in(by_global) == [GLOBAL]
    assert networks_in(lambda images: images + 1) == []
    assert networks_in(nn.Linear) == []


def test_data_are_not_searched() -> None:
    data = [nn.Identity()] * (LONGEST + 1)
    assert networks_in(lambda images: data[0](images)) == []
    short = data[:LONGEST]
    assert networks_in(lambda images: short[0](images)) == data[:1]
