"""InfoGAN on MNIST: Chen et al. 2016, section 7.2, appendix C.1 and Table 1."""

from infoeval import Affine, Categorical, CodeSpace, Trainer, Uniform
from infoeval.networks import Convolution, Dense, Reshape, UpConvolution

trainer = Trainer(
    name="mnist",
    data="mnist",
    image_shape=(1, 28, 28),
    codes=CodeSpace(
        digit=Categorical(10),
        style_1=Uniform(-1, 1),
        style_2=Uniform(-1, 1),
        noise=62,
    ),
    generator=(
        Dense(1024, "relu", batch_norm=True),
        Dense(7 * 7 * 128, "relu", batch_norm=True),
        Reshape(128, 7, 7),
        UpConvolution(64, "relu", batch_norm=True),
        UpConvolution(1, "tanh"),
    ),
    shared=(
        Convolution(64, "leaky_relu"),
        Convolution(128, "leaky_relu", batch_norm=True),
        Dense(1024, "leaky_relu", batch_norm=True),
    ),
    recognition=(Dense(128, "leaky_relu", batch_norm=True),),
    information_weight=1.0,
    code_weights={"digit": 1.0, "style_1": 0.1, "style_2": 0.1},
    generator_rate=1e-3,
    discriminator_rate=2e-4,
    batch=128,
    steps=2500,
    recognition_view=Affine(),
    variants={
        "paper": {"recognition_view": None, "recognition_learns": "with_discriminator"},
    },
)
