"""InfoGAN on 3D faces: Chen et al. 2016, section 7.2, appendix C.4, Tables 4 and 5.

Table 5 has a configuration for each variation that was sought; they are variants here, and that
of azimuth is the default. The wide-or-narrow faces came from the configuration of lighting.

Beside the paper, D and Q see all images through a little noise: without it D soon wins, and the
codes are written into patterns that no eye sees. The variant `paper` is without.

The variants `half`, of the same three configurations, are for those who have no accelerator: half
of Table 4's channels, Q with a hidden layer of its own, pictures drawn by a moving average of G,
and codes of falling weight: of equal codes, several often share a factor.
"""

from infoeval import CodeSpace, Trainer, Uniform
from infoeval.networks import Convolution, Dense, Reshape, UpConvolution

_AZIMUTH = {"discriminator_rate": 2e-4, "generator_rate": 5e-4, "information_weight": 0.2}
_ELEVATION = {"discriminator_rate": 4e-4, "generator_rate": 3e-4, "information_weight": 0.1}
_LIGHTING = {"discriminator_rate": 8e-4, "generator_rate": 3e-4, "information_weight": 0.1}
_HALF = {
    "generator": (
        Dense(512, "relu", batch_norm=True),
        Dense(8 * 8 * 64, "relu", batch_norm=True),
        Reshape(64, 8, 8),
        UpConvolution(32, "relu", batch_norm=True),
        UpConvolution(1, "sigmoid"),
    ),
    "shared": (
        Convolution(32, "leaky_relu"),
        Convolution(64, "leaky_relu", batch_norm=True),
        Dense(512, "leaky_relu", batch_norm=True),
    ),
    "recognition": (Dense(128, "leaky_relu", batch_norm=True),),
    "code_weights": {
        "continuous_1": 1.0,
        "continuous_2": 0.7,
        "continuous_3": 0.5,
        "continuous_4": 0.3,
        "continuous_5": 0.2,
    },
    "generator_average": 0.99,
    "batch": 64,
    "steps": 1500,
}

trainer = Trainer(
    name="faces",
    data="faces",
    image_shape=(1, 32, 32),
    codes=CodeSpace(
        continuous_1=Uniform(-1, 1),
        continuous_2=Uniform(-1, 1),
        continuous_3=Uniform(-1, 1),
        continuous_4=Uniform(-1, 1),
        continuous_5=Uniform(-1, 1),
        noise=128,
    ),
    generator=(
        Dense(1024, "relu", batch_norm=True),
        Dense(8 * 8 * 128, "relu", batch_norm=True),
        Reshape(128, 8, 8),
        UpConvolution(64, "relu", batch_norm=True),
        UpConvolution(1, "sigmoid"),
    ),
    shared=(
        Convolution(64, "leaky_relu"),
        Convolution(128, "leaky_relu", batch_norm=True),
        Dense(1024, "leaky_relu", batch_norm=True),
    ),
    information_weight=0.2,
    discriminator_rate=2e-4,
    generator_rate=5e-4,
    recognition_learns="with_discriminator",
    image_noise=0.1,
    batch=128,
    steps=3000,
    variants={
        "paper": {"image_noise": 0.0},
        "azimuth": _AZIMUTH,
        "elevation": _ELEVATION,
        "lighting": _LIGHTING,
        "width": _LIGHTING,
        "half": _HALF | _AZIMUTH,
        "half-elevation": _HALF | _ELEVATION,
        "half-lighting": _HALF | _LIGHTING,
    },
)
