"""InfoGAN on CelebA: Chen et al. 2016, section 7.2, appendix C.3 and Table 3.

Table 3 prints the networks of Table 2, for another input width: ten categories of ten and no
continuous code.

Beside the paper, D and Q see all images through a little noise: without it D soon wins, and the
codes are written into patterns that no eye sees. The variant `paper` is without.
"""

from infoeval import Categorical, CodeSpace, Trainer
from infoeval.networks import Convolution, Dense, Reshape, UpConvolution

trainer = Trainer(
    name="celeba",
    data="celeba",
    image_shape=(3, 32, 32),
    codes=CodeSpace(
        category_1=Categorical(10),
        category_2=Categorical(10),
        category_3=Categorical(10),
        category_4=Categorical(10),
        category_5=Categorical(10),
        category_6=Categorical(10),
        category_7=Categorical(10),
        category_8=Categorical(10),
        category_9=Categorical(10),
        category_10=Categorical(10),
        noise=128,
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
    generator_rate=1e-3,
    discriminator_rate=2e-4,
    recognition_learns="with_discriminator",
    image_noise=0.1,
    batch=128,
    steps=5000,
    variants={"paper": {"image_noise": 0.0}},
)
