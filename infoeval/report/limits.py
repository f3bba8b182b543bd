"""How to read the page, and what it cannot say: only about what is on it."""

from infoeval.results.details import INFORMATION, OWN_BOUND, Clustering
from infoeval.results.document import Document
from infoeval.results.image_entries import Sprites, Traversal

__all__ = ["limits"]


def limits(document: Document) -> list[tuple[str, str]]:
    """Return what there is to know, each with its topic."""
    shown = document
    metrics = {result.metric for result in shown.results}
    clusterings: list[Clustering] = [
        result.clustering for result in shown.results if result.clustering
    ]
    kinds = {type(picture) for picture in document.images}
    continuous = any(code.kind == "continuous" for code in document.all_codes)
    said = (
        (
            INFORMATION in metrics,
            "Information",
            "of a code is what a recognition network Q, trained afterwards and by the same recipe "
            "for every model, reads from fresh images rounded to 8 bits: H(c) + mean log q(c | x), "
            "in nats, a lower bound on I(c; x). Any generator hides traces of its codes that a "
            "large enough Q could find, so an amount goes with the Q that found it; the noise "
            "curve shows how much of it survives.",
        ),
        (
            OWN_BOUND in metrics,
            "L_I",
            "is the same bound by the Q that was trained with the generator, the paper's. In a "
            "λ = 0 model that Q had no say in what the generator draws.",
        ),
        (
            True,
            "A full amount is not a meaning.",
            "It reaches H(c) whether or not the code follows what people call a class. The "
            "matching, the grids and the sliders show what a code means.",
        ),
        (
            continuous,
            "H(c) of a continuous code",
            "is a differential entropy: a mark to compare with, not a ceiling.",
        ),
        (
            bool(clusterings),
            "Error",
            "is counted on real images after codes were matched to classes one-to-one "
            "(Hungarian). No label was used in training. Two classes that share a code cost about "
            "one class's share of the images.",
        ),
        (
            any(result.pair for result in shown.results),
            "Codes and factors",
            "are compared pair by pair. |Spearman| tells how well the order of a code's values is "
            "that of a factor, NMI how much two sets of classes share, whatever their shape.",
        ),
        (
            True,
            "Intervals",
            "are about the images that were drawn, and nothing else: not the seed, not the data "
            "set, not the choice of settings.",
        ),
        (
            Traversal in kinds,
            "Grids",
            "show the first fixed noises, not chosen ones. A range beyond the prior's asks the "
            "generator for values that it never saw in training.",
        ),
        (
            Sprites in kinds,
            "Sliders",
            "show pictures that were drawn beforehand, at these values and no others.",
        ),
        (
            document.arrangement == "seeds",
            "A code's name",
            "is the same in every seed, its meaning need not be: what one seed writes into a code, "
            "another may write into the next. Ranges over seeds are of the same name.",
        ),
        (
            document.arrangement == "comparison",
            "A difference",
            "is one between these checkpoints. Between two recipes of training it takes several "
            "seeds of each.",
        ),
    )
    return [(topic, text) for there, topic, text in said if there]
