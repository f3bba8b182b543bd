"""InfoGAN on scikit-learn's 8×8 digits: Table 1 in small, for a first result in a minute.

With 1,437 training images a generator alone does not settle which strokes belong together, so Q is
also trained to assign a real image and its augmented copy the same category (`mnist_invariant`).
The variant `infogan` leaves that out; `paper` is the paper's own setting.
"""

from infoeval import Affine, Categorical, CodeSpace, Trainer, Uniform
from infoeval.networks import Convolution, Dense, Reshape, UpConvolution

trainer = Trainer(
    name="digits",
    data="digits",
    image_shape=(1, 8, 8),
    codes=CodeSpace(
        digit=Categorical(10),
        style_1=Uniform(-1, 1),
        style_2=Uniform(-1, 1),
        noise=32,
    ),
    generator=(
        Dense(256, "relu", batch_norm=True),
        Dense(2 * 2 * 64, "relu", batch_norm=True),
        Reshape(64, 2, 2),
        UpConvolution(32, "relu", batch_norm=True),
        UpConvolution(1, "tanh"),
    ),
    shared=(
        Convolution(32, "leaky_relu"),
        Convolution(64, "leaky_relu", batch_norm=True),
        Dense(256, "leaky_relu", batch_norm=True),
    ),
    recognition=(Dense(64, "leaky_relu", batch_norm=True),),
    information_weight=1.0,
    code_weights={"digit": 1.0, "style_1": 0.1, "style_2": 0.1},
    generator_rate=1e-3,
    discriminator_rate=2e-4,
    batch=64,
    steps=2000,
    recognition_view=Affine(),
    invariance_weight=1.0,
    precision="float32",
    variants={
        "infogan": {"invariance_weight": 0.0},
        "paper": {
            "invariance_weight": 0.0,
            "recognition_view": None,
            "recognition_learns": "with_discriminator",
        },
    },
)
