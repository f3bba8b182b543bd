"""How to read the page, and its limits: a note on each thing that the page shows."""

from collections.abc import Callable

from infoeval.results import Document
from infoeval.results.file_entries import ImageEntry, Sprites, Traversal
from infoeval.results.result_details import INFORMATION, OWN_BOUND

Condition = Callable[[Document], bool]


def limits(document: Document) -> list[tuple[str, str]]:
    """Return the notes that apply to a document, each with its topic."""
    return [(topic, text) for applies, topic, text in _NOTES if applies(document)]


def _always(document: Document) -> bool:
    return True


def _scored(metric: str) -> Condition:
    return lambda document: any(result.metric == metric for result in document.results)


def _shown(kind: type[ImageEntry]) -> Condition:
    return lambda document: any(isinstance(image, kind) for image in document.images)


_NOTES: tuple[tuple[Condition, str, str], ...] = (
    (
        _scored(INFORMATION),
        "Information",
        "of a code is what a recognition network Q recovers from fresh images rounded to 8 bits. "
        "Q is trained afterwards, in the same way for every model. The amount is "
        "H(c) + mean log q(c | x), in nats, a lower bound on I(c; x). Every generator hides "
        "traces of its codes that a large enough Q could find, so an amount belongs to the Q "
        "that found it; the curves under pixel noise show how much of it survives.",
    ),
    (
        _scored(INFORMATION),
        "The upper end of an information",
        "is what this family of Q would reach under an assumed law of learning, not a limit of "
        "the information. Some channels no Q of ours sees, however long it is trained: a code in "
        "the parity of many bits, or an encrypted one. It counts as nothing here.",
    ),
    (
        _scored(OWN_BOUND),
        "L_I",
        "is the same bound by the Q that was trained with the generator, as in the paper. In a "
        "λ = 0 model, that Q had no influence on what the generator draws.",
    ),
    (
        _always,
        "Full information is not a meaning.",
        "A code can reach H(c) whether or not it follows what people call a class. What it "
        "means is shown by the matching, the image grids and the sliders.",
    ),
    (
        lambda document: any(code.kind != "categorical" for code in document.all_codes),
        "Levels",
        "are e to the power of a continuous code's information: so many equally likely values "
        "could be told apart in an image. Its entropy H(c) is differential, and no upper limit.",
    ),
    (
        lambda document: any(result.clustering for result in document.results),
        "Error",
        "is counted on real images after codes were matched to classes one-to-one (Hungarian "
        "method). No label was used in training. Where two classes share a code, about one "
        "class's share of the images counts as errors. A code matches its classes where the "
        "accuracy goes 80 % of the way from always naming the most frequent class to 1, in part "
        "from 40 % on, and not at all where its interval reaches that of the most frequent "
        "class. A matching that was fitted on the scored rows flatters the code.",
    ),
    (
        lambda document: any(result.pair for result in document.results),
        "Codes and factors",
        "are compared pair by pair. |Spearman| measures how well the order of a code's values "
        "agrees with that of a factor, I / H(factor) how much of the factor's entropy the code has "
        "information about, whatever the shape of the relation. Values of different measures do "
        "not compare; what compares is how far a value lies above chance, the score of shuffled "
        "factors, on the scale of a correlation. A code follows a factor where this strength is "
        "0.5 or more, weakly where it is 0.2 or more, and where at most one in a hundred tables "
        "of shuffled factors has a pair as strong anywhere.",
    ),
    (
        _always,
        "Intervals",
        "cover the sampling of images or rows and nothing else: not the seed, not the data set, "
        "not the choice of settings. They and chance take rows to be independent: copies of rows "
        "and frames of one video are fewer than they seem.",
    ),
    (
        _shown(Traversal),
        "Image grids",
        "show the first fixed noises, not selected ones. A range beyond the prior's asks the "
        "generator for values that it never saw in training.",
    ),
    (
        _shown(Sprites),
        "Sliders",
        "show images generated in advance, at these values and no others.",
    ),
    (
        lambda document: document.arrangement == "seeds",
        "A code's name",
        "is the same in every seed, but its meaning need not be: what one seed writes into a "
        "code, another may write into a different one. Where the seeds read the same images, the "
        "codes that agree most stand together, else those of the same name; how well they agree is "
        "told beside them, and numbers over seeds of codes that hardly agree mean little.",
    ),
    (
        lambda document: document.arrangement == "comparison",
        "A difference",
        "is between these checkpoints. Comparing two ways of training takes several seeds of each.",
    ),
)
