"""Chairs at half their size, for a CPU: what one code finds when Q sees a coarse view alone.

This is no page of the paper: images of 32×32 pixels, few channels, as fast a G as D, whose moving
average draws, and a Q of its own, which reads the images as 4×4 fields, each divided by the mean of
its row. D waits where it gets far ahead of G; without that, 2 of 10 runs ended without chairs.
With the networks of Table 6, a code of a quarter of the size found other things than
rotation (docs/results.md). This view was chosen among some fifty with the factors seen: its first
two principal components are the sine and the cosine of rotation. No label is used in a run.

The default has the paper's code on a line, which can hold half a turn; `circle` has an angle.
`ring` is no InfoGAN: Q is fitted to a ring in the views of real images before the training begins.
`width` has the categories and the weights of Table 7 for width, and a view of 8×8 fields; it did
not find width. `seat` does: an angle takes the rotation, and two codes are read in the rows where
the seat is. In these rows width is what varies most once the rotation is known.
"""

from infoeval import Angle, Categorical, Coarse, CodeSpace, Region, Trainer, Uniform
from infoeval.networks import Convolution, Dense, Reshape, UpConvolution

_seat = Region((12, 20), (0, 32))

trainer = Trainer(
    name="small_chairs",
    data="chairs",
    image_shape=(1, 32, 32),
    resized=True,
    codes=CodeSpace(continuous=Uniform(-1, 1), noise=16),
    generator=(
        Dense(256, "relu", batch_norm=True),
        Dense(8 * 8 * 32, "relu", batch_norm=True),
        Reshape(32, 8, 8),
        UpConvolution(32, "relu", batch_norm=True),
        UpConvolution(1, "sigmoid"),
    ),
    shared=(
        Convolution(16, "leaky_relu"),
        Convolution(32, "leaky_relu", batch_norm=True),
        Convolution(64, "leaky_relu", batch_norm=True),
        Dense(128, "leaky_relu", batch_norm=True),
    ),
    recognition=(
        Dense(128, "leaky_relu", batch_norm=True),
        Dense(128, "leaky_relu", batch_norm=True),
    ),
    recognition_reads=Coarse(4),
    information_weight=0.2,
    generator_rate=5e-4,
    discriminator_rate=5e-4,
    discriminator_waits_below=0.9,
    generator_average=0.99,
    image_noise=0.1,
    batch=64,
    steps=900,
    variants={
        "circle": {"codes": CodeSpace(rotation=Angle(), noise=16), "steps": 1500},
        "ring": {
            "codes": CodeSpace(rotation=Angle(), noise=16),
            "ring_steps": 400,
            # With batch normalisation D left G behind in this variant.
            "shared": (
                Convolution(16, "leaky_relu"),
                Convolution(32, "leaky_relu"),
                Convolution(64, "leaky_relu"),
                Dense(128, "leaky_relu"),
            ),
            "discriminator_rate": 1e-3,
            "discriminator_waits_below": 0.0,
        },
        "seat": {
            "codes": CodeSpace(
                rotation=Angle(), seat_1=Uniform(-1, 1), seat_2=Uniform(-1, 1), noise=16
            ),
            "code_weights": {"seat_1": 0.5, "seat_2": 0.5},
            "code_regions": {"seat_1": _seat, "seat_2": _seat},
            "steps": 1500,
        },
        "width": {
            "codes": CodeSpace(
                category_1=Categorical(20),
                category_2=Categorical(20),
                category_3=Categorical(20),
                continuous=Uniform(-1, 1),
                noise=16,
            ),
            "code_weights": {
                "category_1": 2.0,
                "category_2": 2.0,
                "category_3": 2.0,
                "continuous": 0.05,
            },
            "information_weight": 0.5,
            "discriminator_waits_below": 0.0,
            "recognition_reads": Coarse(8),
        },
    },
)
