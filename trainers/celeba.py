"""InfoGAN on CelebA: Chen et al. 2016, section 7.2, appendix C.3 and Table 3.

Table 3 prints the networks of Table 2, for another input width: ten categories of ten and no
continuous code.

Beside the paper, D and Q see all images through a little noise: without it D soon wins, and the
codes are written into patterns that no eye sees. The variant `paper` is without.

The variant `half` is for those who have no accelerator: the networks of half the channels that
`svhn` has, a faster D, noise that falls, half of λ, and pictures drawn by a moving average of G.

What varies most in a face are light and background, so ten codes of whole pictures share these.
In `regions`, which is `half` otherwise, Q reads four of the categories in a part of the face alone:
what is below the eyes, where glasses are seen, the hair, the forehead without its light, and the
mouth. The faces of this data set are aligned. The parts were chosen with the attributes seen
(docs/results.md); a run reads none.
"""

from dataclasses import replace

from infoeval import Categorical, CodeSpace, Region
from infoeval.training.choosing import load_trainer

_svhn = load_trainer("svhn")
_half = _svhn.variant("half")
_settings = {
    "generator": _half.generator,
    "shared": _half.shared,
    "information_weight": 0.5,
    "discriminator_rate": 5e-4,
    "generator_average": 0.994,
    "image_noise_half_life": 1000,
    "batch": 64,
    "steps": 2000,
}
_regions = {
    "category_7": Region((16, 21), (10, 22), centred=True),
    "category_8": Region((2, 10), (6, 26)),
    "category_9": Region((3, 11), (8, 24), centred=True),
    "category_10": Region((22, 28), (10, 22), centred=True),
}

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
        "half": _settings,
        "regions": _settings | {"code_regions": _regions},
    },
)
