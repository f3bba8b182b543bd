"""Compare the sprites drawn here with dSprites at equal factors.

    python benchmarks/sprites_difference.py --data-dir FOLDER

For each image of dSprites' test split the sprite of the same shape, scale, orientation and place is
drawn. Printed for each shape: the mean overlap of the two, as white pixels of both over white
pixels of either, and the mean white pixels at scale 1.
"""

import argparse
import math

from infoeval.data import load, renderer


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", help="the folder of the data sets")
    real = load("dsprites", "test", root=parser.parse_args().data_dir)
    draw = renderer("sprites")
    assert real.factors is not None
    assert real.labels is not None
    assert draw is not None
    factors = real.factors - [1, 0, 0, 0, 0]  # shapes are numbered from 1 there
    factors[:, 2] %= 2 * math.pi
    drawn, published = draw(factors)[:, 0] > 0, real.images[:, 0] > 0
    overlap = (drawn & published).sum((1, 2)) / (drawn | published).sum((1, 2))
    print(f"{len(real):,} images\n\n| shape | overlap | pixels of sprites | of dSprites |")
    print("|---|---|---|---|")
    for label, name in enumerate(real.label_names):
        of_shape = real.labels == label
        large = of_shape & (factors[:, 1] == 1)
        areas = [white[large].sum((1, 2)).mean() for white in (drawn, published)]
        print(f"| {name} | {overlap[of_shape].mean():.2f} | {areas[0]:.0f} | {areas[1]:.0f} |")


if __name__ == "__main__":
    main()
