"""Which classes share a code."""

from infoeval.results.details import Clustering

__all__ = ["confused_pairs"]


def confused_pairs(clustering: Clustering) -> list[tuple[tuple[int, int], int]]:
    """Return pairs of classes with how many images of one are given the code of the other.

    The most frequent pair comes first; pairs without any such image are left out.

    >>> confused_pairs(Clustering(confusion=((8, 1), (2, 9)), matching=(0, 1)))
    [((0, 1), 3)]
    """
    shared: dict[tuple[int, int], int] = {}
    for counts, matched in zip(clustering.confusion, clustering.matching, strict=True):
        for cls, count in enumerate(counts):
            if matched >= 0 and cls != matched and count:
                pair = min(cls, matched), max(cls, matched)
                shared[pair] = shared.get(pair, 0) + count
    return sorted(shared.items(), key=lambda item: (-item[1], item[0]))
