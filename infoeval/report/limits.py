"""How to read the page, and its limits: notes on what is on it, and nothing else."""

from infoeval.results.document import Document
from infoeval.results.file_entries import Sprites, Traversal
from infoeval.results.records import INFORMATION, OWN_BOUND, Clustering

__all__ = ["limits"]


def limits(document: Document) -> list[tuple[str, str]]:
    """Return the notes that apply, each with its topic."""
    shown = document
    metrics = {result.metric for result in shown.results}
    clusterings: list[Clustering] = [
        result.clustering for result in shown.results if result.clustering
    ]
    kinds = {type(image) for image in document.images}
    continuous = any(code.kind == "continuous" for code in document.all_codes)
    notes = (
        (
            INFORMATION in metrics,
            "Information",
            "of a code is what a recognition network Q recovers from fresh images rounded to 8 "
            "bits. Q is trained afterwards, in the same way for every model. The amount is "
            "H(c) + mean log q(c | x), in nats, a lower bound on I(c; x). Every generator hides "
            "traces of its codes that a large enough Q could find, so an amount belongs to the Q "
            "that found it; the noise curve shows how much of it survives.",
        ),
        (
            OWN_BOUND in metrics,
            "L_I",
            "is the same bound by the Q that was trained with the generator, as in the paper. In a "
            "λ = 0 model, that Q had no influence on what the generator draws.",
        ),
        (
            True,
            "Full information is not a meaning.",
            "A code can reach H(c) whether or not it follows what people call a class. What it "
            "means is shown by the matching, the image grids and the sliders.",
        ),
        (
            continuous,
            "H(c) of a continuous code",
            "is a differential entropy: a reference value, not an upper limit.",
        ),
        (
            bool(clusterings),
            "Error",
            "is counted on real images after codes were matched to classes one-to-one (Hungarian "
            "method). No label was used in training. Two classes that share a code cost about one "
            "class's share of the images.",
        ),
        (
            any(result.pair for result in document.results),
            "Codes and factors",
            "are compared pair by pair. |Spearman| measures how well the order of a code's values "
            "agrees with that of a factor, NMI how much two sets of classes share, whatever the "
            "shape of the relation.",
        ),
        (
            True,
            "Intervals",
            "cover the sampling of images and nothing else: not the seed, not the data set, not "
            "the choice of settings.",
        ),
        (
            Traversal in kinds,
            "Image grids",
            "show the first fixed noises, not selected ones. A range beyond the prior's asks the "
            "generator for values that it never saw in training.",
        ),
        (
            Sprites in kinds,
            "Sliders",
            "show images generated in advance, at these values and no others.",
        ),
        (
            document.arrangement == "seeds",
            "A code's name",
            "is the same in every seed, but its meaning need not be: what one seed writes into a "
            "code, another may write into the next. Ranges over seeds are of the same name.",
        ),
        (
            document.arrangement == "comparison",
            "A difference",
            "is between these checkpoints. To compare two ways of training takes several seeds of "
            "each.",
        ),
    )
    return [(topic, text) for applies, topic, text in notes if applies]
