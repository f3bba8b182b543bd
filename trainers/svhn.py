"""InfoGAN on SVHN: Chen et al. 2016, section 7.2, appendix C.2 and Table 2.

Section 7.2 has two continuous codes, C.2 has four; only four give Table 2's input width of 168.

Beside the paper, D and Q see all images through a little noise: without it D soon wins, and the
codes are written into patterns that no eye sees. The variant `paper` is without.

The variants `half` and `small` are for those who have no accelerator. They have half and a quarter
of Table 2's channels, and batch norm in all of G. As trained above, G soon draws one image for each
combination of codes; here D stays ahead, and noise keeps its share: D learns faster, the noise on
images halves again and again, σ of the continuous codes is fixed so that none carries more than 0.7
nats (continuous_1 of `half` 1.2), and one category and one continuous code count more than the
others. Q reads shifted, cut and grey copies of generated images, so that a code cannot be told by a
colour or one corner. Pictures are drawn by a moving average of G, as G itself goes round from kind
to kind of image.

What varies most in these pictures is light, and a category of whole pictures changes all of them.
In `regions`, which is `half` otherwise, Q reads category_1 at the sides alone, category_2 in the
middle, and continuous_1 in the mean of the picture; the copies are not shifted, which would mix
sides and middle.

In `penalty`, which is `regions` otherwise, a gradient penalty keeps D from winning, and the little
noise stays. D's gradients are smaller then, so the codes weigh less beside them, or each value of
a category would have one image.
"""

from infoeval import Affine, Categorical, CodeSpace, Region, Trainer, Uniform
from infoeval.networks import Convolution, Dense, Layer, Reshape, UpConvolution


def _without_gpu(sigma: float, weight: float) -> dict[str, object]:
    """Settings of the narrower networks; `sigma` and `weight` are those of continuous_1."""
    return {
        "codes": CodeSpace(
            category_1=Categorical(10),
            category_2=Categorical(10),
            category_3=Categorical(10),
            category_4=Categorical(10),
            continuous_1=Uniform(-1, 1, sigma=sigma),
            continuous_2=Uniform(-1, 1, sigma=0.4),
            continuous_3=Uniform(-1, 1, sigma=0.4),
            continuous_4=Uniform(-1, 1, sigma=0.4),
            noise=124,
        ),
        "code_weights": {
            "category_1": 0.4,
            "category_2": 0.1,
            "category_3": 0.1,
            "category_4": 0.1,
            "continuous_1": weight,
            "continuous_2": 0.05,
            "continuous_3": 0.02,
            "continuous_4": 0.02,
        },
        "discriminator_rate": 5e-4,
        "generator_average": 0.994,
        "image_noise_half_life": 400,
        "recognition_view": Affine(rotation=0, scale=0, shear=0, shift=0.25, cutout=0.5, grey=True),
    }


def _narrower(times: int) -> dict[str, tuple[Layer, ...]]:
    """Table 2 with so many times fewer channels, and batch norm in all of G."""
    return {
        "generator": (
            Dense(2 * 2 * 448 // times, "relu", batch_norm=True),
            Reshape(448 // times, 2, 2),
            UpConvolution(256 // times, "relu", batch_norm=True),
            UpConvolution(128 // times, "relu", batch_norm=True),
            UpConvolution(64 // times, "relu", batch_norm=True),
            UpConvolution(3, "tanh"),
        ),
        "shared": (
            Convolution(64 // times, "leaky_relu"),
            Convolution(128 // times, "leaky_relu", batch_norm=True),
            Convolution(256 // times, "leaky_relu", batch_norm=True),
        ),
    }


_half = _without_gpu(0.25, 0.25) | _narrower(2) | {"batch": 64, "steps": 6000}
_regions = {
    "code_regions": {
        "category_1": Region((0, 32), (8, 24), beside=True, centred=True),
        "category_2": Region((0, 32), (8, 24), centred=True),
        "continuous_1": Region((0, 32), (0, 32), fields=1),
    },
    "code_weights": {
        "category_1": 0.4,
        "category_2": 0.3,
        "category_3": 0.1,
        "category_4": 0.1,
        "continuous_1": 0.25,
        "continuous_2": 0.05,
        "continuous_3": 0.02,
        "continuous_4": 0.02,
    },
    "recognition_view": Affine(rotation=0, scale=0, shear=0, shift=0, cutout=0.5, grey=True),
    "steps": 5000,
}
_penalty = {
    "gradient_penalty": 1.0,
    "image_noise": 0.03,
    "image_noise_half_life": 0,
    "code_weights": {
        "category_1": 0.15,
        "category_2": 0.15,
        "category_3": 0.02,
        "category_4": 0.02,
        "continuous_1": 0.1,
        "continuous_2": 0.02,
        "continuous_3": 0.02,
        "continuous_4": 0.02,
    },
    "steps": 4500,
}

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
    variants={
        "paper": {"image_noise": 0.0},
        "half": _half,
        "regions": _half | _regions,
        "penalty": _half | _regions | _penalty,
        "small": _without_gpu(0.4, 0.5) | _narrower(4) | {"batch": 32, "steps": 2000},
    },
)
