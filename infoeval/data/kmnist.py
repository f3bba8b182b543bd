"""Kuzushiji-MNIST: cursive Japanese characters in the format of MNIST (Clanuwat et al., 2018)."""

from infoeval.data.mnist import MnistFiles

SOURCE = MnistFiles(
    name="kmnist",
    description="Kuzushiji-MNIST: 70,000 cursive characters, 28×28 grey, 10 classes",
    torchvision_name="KMNIST",
    label_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    md5={
        "t10k-images-idx3-ubyte": "bf305b8cd328700fbc17f5acbc2856d2",
        "t10k-labels-idx1-ubyte": "9f55f451c0988b028eccdf7d5cc265ab",
    },
    part="kmnist_test.npz",
).source()
