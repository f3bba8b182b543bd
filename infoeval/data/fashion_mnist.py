"""Fashion-MNIST: images of clothes in the format of MNIST (Xiao, Rasul and Vollgraf, 2017)."""

from infoeval.data.mnist import MnistFiles

SOURCE = MnistFiles(
    name="fashion_mnist",
    description="Fashion-MNIST: 70,000 images of clothes, 28×28 grey, 10 classes",
    torchvision_name="FashionMNIST",
    label_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    md5={
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
    },
).source()
