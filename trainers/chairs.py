"""InfoGAN on 3D chairs: Chen et al. 2016, section 7.2, appendix C.5, Tables 6 and 7.

Section 7.2 has four categorical codes, C.5 has three; only three give Table 6's input width of
189. Table 7 has a configuration for each variation that was sought, with a λ of its own for the
continuous code and for the categories; they are variants here, and that of rotation is the default.
The variant `small` has a quarter of Table 6's channels, for those who have no accelerator. These
learn no chairs while λ is large, so it grows from 0, to less.

Beside the paper, D and Q see all images through a little noise: without it D soon wins, and the
codes are written into patterns that no eye sees. The variant `paper` is without.
"""

from infoeval import Categorical, CodeSpace, Trainer, Uniform
from infoeval.networks import Convolution, Dense, Reshape, UpConvolution

trainer = Trainer(
    name="chairs",
    data="chairs",
    image_shape=(1, 64, 64),
    codes=CodeSpace(
        category_1=Categorical(20),
        category_2=Categorical(20),
        category_3=Categorical(20),
        continuous=Uniform(-1, 1),
        noise=128,
    ),
    generator=(
        Dense(1024, "relu", batch_norm=True),
        Dense(8 * 8 * 256, "relu", batch_norm=True),
        Reshape(256, 8, 8),
        UpConvolution(256, "relu", batch_norm=True, stride=1),
        UpConvolution(256, "relu", batch_norm=True, stride=1),
        UpConvolution(128, "relu", batch_norm=True),
        UpConvolution(64, "relu", batch_norm=True),
        UpConvolution(1, "sigmoid"),
    ),
    shared=(
        Convolution(64, "leaky_relu"),
        Convolution(128, "leaky_relu", batch_norm=True),
        Convolution(256, "leaky_relu", batch_norm=True),
        Convolution(256, "leaky_relu", batch_norm=True, stride=1),
        Convolution(256, "leaky_relu", batch_norm=True, stride=1),
        Dense(1024, "leaky_relu", batch_norm=True),
    ),
    information_weight=1.0,
    code_weights={"continuous": 10.0},
    discriminator_rate=2e-4,
    generator_rate=1e-3,
    recognition_learns="with_discriminator",
    image_noise=0.1,
    batch=128,
    steps=3000,
    variants={
        "paper": {"image_noise": 0.0},
        "small": {
            "generator": (
                Dense(256, "relu", batch_norm=True),
                Dense(8 * 8 * 64, "relu", batch_norm=True),
                Reshape(64, 8, 8),
                UpConvolution(64, "relu", batch_norm=True, stride=1),
                UpConvolution(64, "relu", batch_norm=True, stride=1),
                UpConvolution(32, "relu", batch_norm=True),
                UpConvolution(16, "relu", batch_norm=True),
                UpConvolution(1, "sigmoid"),
            ),
            "shared": (
                Convolution(16, "leaky_relu"),
                Convolution(32, "leaky_relu", batch_norm=True),
                Convolution(64, "leaky_relu", batch_norm=True),
                Convolution(64, "leaky_relu", batch_norm=True, stride=1),
                Convolution(64, "leaky_relu", batch_norm=True, stride=1),
                Dense(256, "leaky_relu", batch_norm=True),
            ),
            "information_weight": 0.15,
            "information_warmup": 1000,
            "batch": 64,
            "steps": 2000,
        },
        "rotation": {
            "discriminator_rate": 2e-4,
            "generator_rate": 1e-3,
            "code_weights": {"continuous": 10.0},
        },
        "width": {
            "discriminator_rate": 2e-4,
            "generator_rate": 1e-3,
            "code_weights": {
                "category_1": 2.0,
                "category_2": 2.0,
                "category_3": 2.0,
                "continuous": 0.05,
            },
        },
    },
)
