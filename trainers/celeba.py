"""InfoGAN on CelebA: Chen et al. 2016, section 7.2, appendix C.3 and Table 3.

Table 3 prints the networks of Table 2, for another input width: ten categories of ten and no
continuous code.

Beside the paper, D and Q see all images through a little noise: without it D soon wins, and the
codes are written into patterns that no eye sees. The variant `paper` is without.

The variant `half` is for those who have no accelerator: the networks of half the channels that
`svhn` has, a faster D, noise that falls, half of λ, and pictures drawn by a moving average of G.
"""

from dataclasses import replace

from infoeval import Categorical, CodeSpace
from infoeval.training.choosing import load_trainer

_svhn = load_trainer("svhn")
_half = _svhn.variant("half")

trainer = replace(
    _svhn,
    name="celeba",
    data="celeba",
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
    code_weights={},
    variants={
        "paper": _svhn.variants["paper"],
        "half": {
            "generator": _half.generator,
            "shared": _half.shared,
            "information_weight": 0.5,
            "discriminator_rate": 5e-4,
            "generator_average": 0.994,
            "image_noise_half_life": 1000,
            "batch": 64,
            "steps": 2000,
        },
    },
)
