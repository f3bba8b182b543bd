"""InfoGAN on SVHN: Chen et al. 2016, section 7.2, appendix C.2 and Table 2.

Section 7.2 has two continuous codes, C.2 has four; only four give Table 2's input width of 168.

Beside the paper, D and Q see all images through a little noise: without it D soon wins, and the
codes are written into patterns that no eye sees. The variant `paper` is without.
"""

from infoeval import Categorical, CodeSpace, Trainer, Uniform
from infoeval.networks import Convolution, Dense, Reshape, UpConvolution

trainer = Trainer(
    name="svhn",
    data="svhn",
    image_shape=(3, 32, 32),
    codes=CodeSpace(
        category_1=Categorical(10),
        category_2=Categorical(10),
        category_3=Categorical(10),
        category_4=Categorical(10),
        continuous_1=Uniform(-1, 1),
        continuous_2=Uniform(-1, 1),
        continuous_3=Uniform(-1, 1),
        continuous_4=Uniform(-1, 1),
        noise=124,
    ),
    generator=(
        Dense(2 * 2 * 448, "relu", batch_norm=True),
        Reshape(448, 2, 2),
        UpConvolution(256, "relu", batch_norm=True),
        UpConvolution(128, "relu"),
        UpConvolution(64, "relu"),
        UpConvolution(3, "tanh"),
    ),
    shared=(
        Convolution(64, "leaky_relu"),
        Convolution(128, "leaky_relu", batch_norm=True),
        Convolution(256, "leaky_relu", batch_norm=True),
    ),
    recognition=(Dense(128, "leaky_relu", batch_norm=True),),
    information_weight=1.0,
    code_weights={
        "continuous_1": 0.1,
        "continuous_2": 0.1,
        "continuous_3": 0.1,
        "continuous_4": 0.1,
    },
    generator_rate=1e-3,
    discriminator_rate=2e-4,
    recognition_learns="with_discriminator",
    image_noise=0.1,
    batch=128,
    steps=5000,
    variants={"paper": {"image_noise": 0.0}},
)
