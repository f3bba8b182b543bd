"""InfoGAN on scikit-learn's digits at 16×16: Table 1 in small, for a first result in a minute.

With 1,438 training images a generator alone does not settle which strokes belong together, so Q is
also trained to assign a real image and its augmented copy the same category, and all categories
equally often. λ grows meanwhile, so that categories are found in real images before G fixes them;
codes of style come last.
The variant `infogan` leaves that out; `paper` is the paper's own setting.
"""

from infoeval import Affine, Categorical, CodeSpace, Trainer, Uniform
from infoeval.networks import Convolution, Dense, Reshape, UpConvolution

trainer = Trainer(
    name="digits",
    data="digits_16",
    image_shape=(1, 16, 16),
    codes=CodeSpace(
        digit=Categorical(10),
        # A fixed σ bounds the information of a style code: at most 0.69 nats.
        style_1=Uniform(-1, 1, sigma=0.4),
        style_2=Uniform(-1, 1, sigma=0.4),
        noise=32,
    ),
    generator=(
        Dense(256, "relu", batch_norm=True),
        Dense(4 * 4 * 32, "relu", batch_norm=True),
        Reshape(32, 4, 4),
        UpConvolution(16, "relu", batch_norm=True),
        UpConvolution(1, "tanh"),
    ),
    shared=(
        Convolution(16, "leaky_relu"),
        Convolution(32, "leaky_relu", batch_norm=True),
        Dense(128, "leaky_relu", batch_norm=True),
    ),
    recognition=(Dense(64, "leaky_relu", batch_norm=True),),
    information_weight=1.0,
    information_warmup=500,
    continuous_starts=500,
    code_weights={"digit": 1.0, "style_1": 0.3, "style_2": 0.3},
    generator_rate=1e-3,
    discriminator_rate=1e-3,
    generator_average=0.99,
    batch=128,
    steps=1200,
    # Little rotation and shear, which would hide a slant from Q.
    recognition_view=Affine(rotation=0.1, scale=0.2, shear=0.1, shift=0.2),
    invariance_weight=2.0,
    invariance_balance=2.0,
    invariance_view=Affine(rotation=0.35, scale=0.25, shear=0.35, shift=0.175),
    precision="float32",
    variants={
        "infogan": {"information_warmup": 0, "continuous_starts": 0, "invariance_weight": 0.0},
        "paper": {
            "information_warmup": 0,
            "continuous_starts": 0,
            "invariance_weight": 0.0,
            "recognition_view": None,
            "recognition_learns": "with_discriminator",
        },
    },
)
