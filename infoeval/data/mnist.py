"""MNIST: handwritten digits (LeCun, Bottou, Bengio and Haffner, 1998)."""

from infoeval.data.formats.mnist_files import MnistFiles

__all__ = ["SOURCE"]

SOURCE = MnistFiles(
    name="mnist",
    description="MNIST: 70,000 handwritten digits, 28×28 grey, 10 classes",
    torchvision_name="MNIST",
    label_names=tuple("0123456789"),
    md5={
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
).source()
