"""What is written by hand here although a library exists, and why: the text of docs/by-hand.md."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """Something of ours: its files, or functions in them, and the library's in its place.

    `measures` are names of pairs; without any, `unmeasured` says why.
    """

    name: str
    ours: tuple[str, ...]
    package: str
    theirs: str
    why: str
    measures: tuple[str, ...] = ()
    unmeasured: str = ""


SECTIONS: dict[str, tuple[Part, ...]] = {
    "Statistics": (
        Part(
            "boosted trees",
            ("infoeval/metrics/trees",),
            "scikit-learn",
            "`GradientBoostingClassifier`",
            "`dci` fits trees of every class of every factor: here all share one search for "
            "splits. `predictor=exact-boosting` takes scikit-learn's; `HistGradientBoosting…` "
            "has no importances",
            ("trees",),
        ),
        Part(
            "linear probes",
            ("infoeval/metrics/stats/probes.py",),
            "scikit-learn",
            "`LogisticRegression`, `OneVsRestClassifier`",
            "metrics fit hundreds of them for their intervals, each to the optimum",
            ("softmax", "one-against-rest"),
        ),
        Part(
            "mutual information",
            ("infoeval/metrics/stats/mutual_information.py",),
            "scikit-learn",
            "`mutual_info_classif`, `mutual_info_score`",
            "all codes and factors share their order, bins and entropies; angles have their "
            "neighbours on a circle, which scikit-learn does not know",
            ("information-by-neighbours", "information-by-counts"),
        ),
        Part(
            "agreement of partitions",
            (
                "infoeval/metrics/_cluster_ari.py",
                "infoeval/metrics/_cluster_nmi.py",
                "infoeval/metrics/stats/contingency.py",
                "infoeval/metrics/stats/partition_agreement.py",
            ),
            "scikit-learn",
            "`adjusted_rand_score`, `normalized_mutual_info_score`",
            "an interval and chance take the index of many parts of the same labels, numbered "
            "once; most of the lines are these and the messages",
            ("rand-index", "rand-index-of-labels"),
        ),
        Part(
            "linear classifiers of one number",
            ("infoeval/metrics/stats/line_classifiers.py",),
            "scikit-learn",
            "`LinearSVC`",
            "`sap` of more than 20,000 rows; fewer rows are fitted by `LinearSVC` itself, as "
            "published numbers are",
            ("line-classifiers",),
        ),
        Part(
            "intervals of metrics",
            ("infoeval/metrics/stats/row_intervals.py", "infoeval/intervals.py:Subsamples"),
            "scipy",
            "`scipy.stats.bootstrap`",
            "a resample has rows twice: that raises information, and equal rows are neighbours; "
            "halves without replacement have none",
            ("intervals", "intervals-by-neighbours"),
        ),
        Part(
            "binomial limits",
            ("infoeval/intervals.py:clopper_pearson",),
            "scipy",
            "`scipy.stats.binomtest`",
            "two calls of `scipy.special`; `scipy.stats` takes long to import",
            ("binomial-limits",),
        ),
        Part(
            "distances of samples",
            ("infoeval/metrics/stats/sample_distances.py",),
            "torchmetrics",
            "`FrechetInceptionDistance`, `KernelInceptionDistance`",
            "of arrays of any features, in memory that does not grow with the square of the "
            "images, and without a package that nothing else needs",
            ("frechet-distance", "kernel-distance"),
        ),
        Part(
            "priors",
            ("infoeval/priors",),
            "torch",
            "`torch.distributions`",
            "a step draws all from its run's own generator, which a resumed run takes up; "
            "`sample` there draws from the global one. A prior also has its traversal, and its "
            "columns of G's input",
            ("log-likelihood",),
        ),
    ),
    "Training": (
        Part(
            "augmentation",
            ("infoeval/augment.py",),
            "torchvision",
            "`RandomAffine`, `affine`",
            "`RandomAffine` moves a whole batch in the same way, and draws from the global "
            "generator; so the counterpart is called for each image",
            ("augmentation",),
        ),
        Part(
            "images for steps",
            ("infoeval/training/image_source.py",),
            "torch",
            "`DataLoader`",
            "rows come from the generator of the run, wherever the images lie: streamed, resident "
            "and resumed runs are the same, bit for bit; a thread reads ahead",
            ("image-batches",),
        ),
        Part(
            "stacked networks",
            ("infoeval/training/stacked_networks.py",),
            "torch",
            "`torch.func.vmap`",
            "the runs lie side by side in channels, and one fused Adam moves all",
            ("stacked-networks",),
        ),
        Part(
            "batch norm of a user's encoder",
            ("infoeval/subjects/batch_norm.py",),
            "torch",
            "`update_bn`",
            "it sets the whole network to training, dropout too, calls it with tensors alone, and "
            "leaves it changed",
            ("batch-statistics",),
        ),
        Part(
            "CUDA graphs",
            ("infoeval/training/cuda_graph.py",),
            "torch",
            "`torch.cuda.make_graphed_callables`",
            "that records forward and backward passes; here a graph is the whole step, with its "
            "draws, optimisers and statistics, and recording leaves no trace",
            unmeasured="no GPU was available",
        ),
        Part(
            "several processes",
            ("infoeval/training/distributed.py",),
            "torch",
            "`DistributedDataParallel`, `SyncBatchNorm`",
            "the former averages the gradients of one pass through one module, while a step has "
            "two, with shared layers; the latter works on GPUs alone, and normalises no parts",
            unmeasured="no GPU was available",
        ),
        Part(
            "control folder of a sweep",
            ("infoeval/sweep/control_folder.py",),
            "",
            "Dask, Ray",
            "joblib starts the processes, through Dask as well; progress and stopping need only a "
            "shared file system",
            unmeasured="another way of working",
        ),
        Part(
            "circular map",
            ("infoeval/training/ring.py",),
            "",
            "MiniSom",
            "it has no closed chain",
            unmeasured="no counterpart",
        ),
    ),
    "Files": (
        Part(
            "checkpoints",
            ("infoeval/tensor_archive.py",),
            "torch",
            "`torch.load(weights_only=True)`, safetensors",
            "a stranger's file must not keep a command busy for ever; safetensors holds tensors "
            "and strings, so that trainer and history would be a second format",
            ("checkpoint-without-end", "checkpoint"),
        ),
        Part(
            "idx files",
            ("infoeval/data/formats/idx.py",),
            "torchvision",
            "`torchvision.datasets.mnist`",
            "data sets are listed and read without torch; sizes are checked, and gzip is read",
            ("idx",),
        ),
        Part(
            ".npz files",
            ("infoeval/data/formats/npz_file.py", "infoeval/data/formats/npy_header.py"),
            "numpy",
            "`numpy.load`",
            "memory grows with what a file holds, not with what it declares; checking costs time",
            ("npz-bomb", "npz"),
        ),
        Part(
            "prepared data",
            ("infoeval/data/formats/cache.py",),
            "joblib",
            "`joblib.Memory`",
            "a damaged or half-written entry is made again, and nothing is unpickled; verifying "
            "costs time",
            ("damaged-arrays", "prepared-arrays"),
        ),
        Part(
            "folders of images",
            (
                "infoeval/data/folder.py",
                "infoeval/data/formats/decoding.py",
                "infoeval/data/formats/image_archives.py",
                "infoeval/data/formats/image_reading.py",
            ),
            "torchvision",
            "`ImageFolder`",
            "broken files, bombs and sizes that differ are named before any image is decoded; "
            "photographs are turned upright, and archives are read. That costs time",
            ("image-files",),
        ),
        Part(
            "the middle of an image",
            ("infoeval/data/resizing.py:fit",),
            "pillow",
            "`PIL.ImageOps.fit`",
            "**to be replaced** when prepared images change anyway: a middle that begins between "
            "two pixels is cut otherwise there, and runs would see other images",
            ("resizing",),
        ),
        Part(
            "ONNX files",
            ("infoeval/subjects/onnx_check.py",),
            "onnx",
            "`onnx.checker`",
            "it parses a file to check it; ours looks at the bytes, and refuses loops, foreign "
            "operators and other files, which `onnx.checker` is not for",
            ("onnx-file",),
        ),
        Part(
            ".h5ad files",
            ("infoeval/subjects/tables/h5ad_tables.py",),
            "",
            "anndata",
            "h5py reads the few places that are needed, and links to other files are refused",
            unmeasured="anndata is not installed",
        ),
        Part(
            "locks",
            ("infoeval/locks.py",),
            "filelock",
            "`FileLock`",
            "the temporary file or folder itself is locked, by which what a killed process left is "
            "known; filelock cannot lock folders",
            ("locks",),
        ),
        Part(
            "files that appear whole",
            ("infoeval/files.py",),
            "",
            "atomicwrites",
            "its repository is archived since 2022",
            unmeasured="no kept counterpart",
        ),
    ),
    "Terminal and pages": (
        Part(
            "tables in the terminal",
            ("infoeval/cli/terminal/screen.py",),
            "rich",
            "`rich.table`, tabulate",
            "rich prints them; columns that do not fit follow in a further table, as a number cut "
            "off is another number",
            ("cut-numbers",),
        ),
        Part(
            "progress",
            ("infoeval/cli/progress.py",),
            "rich",
            "tqdm",
            "rich draws the bars; ours are what is said beside them, and lines in logs",
            unmeasured="rich is used",
        ),
        Part(
            "options in files",
            ("infoeval/cli/option_files.py",),
            "click",
            "`default_map` of click",
            "a misspelt option is an error, and what was typed can be written",
            ("unknown-options",),
        ),
        Part(
            "writing TOML",
            ("infoeval/cli/option_files.py:_toml",),
            "tomlkit",
            "tomlkit, tomli-w",
            "nothing but a further package speaks against a library: **to be replaced** once "
            "Python's own can write",
            ("toml",),
        ),
        Part(
            "doctor",
            ("infoeval/cli/doctor_command.py", "infoeval/cli/doctor_probes.py"),
            "torch",
            "`torch.utils.collect_env`",
            "it tries each part in a process of its own, VTK, ONNX and tables too, and says what "
            "to do about it. That costs time",
            ("doctor",),
        ),
        Part(
            "figures of pages",
            ("infoeval/reporting/svg.py",),
            "matplotlib",
            "`savefig`, Altair",
            "matplotlib draws them; colours become the page's, light and dark, and names differ "
            "between figures. Altair's need a script",
            ("svg",),
        ),
        Part(
            "sorting the index",
            ("reports/index.js",),
            "itables",
            "DataTables",
            "each page is one file without a network, and carries its script",
            ("sorted-table",),
        ),
        Part(
            "sliders",
            ("reports/script.js", "reports/live.js"),
            "",
            "Gradio, Streamlit",
            "a page needs no server; onnxruntime-web runs the generator",
            unmeasured="another way of working",
        ),
        Part(
            "animations",
            ("infoeval/evaluation/animation.py",),
            "matplotlib",
            "`matplotlib.animation`",
            "Pillow writes them, pixel by pixel",
            ("animation",),
        ),
        Part(
            "sheets of images",
            ("infoeval/traversals.py:tile",),
            "torchvision",
            "`make_grid`",
            "grey stays grey, and sheets have no border",
            ("tiles",),
        ),
        Part(
            "tables as Markdown and LaTeX",
            ("infoeval/reporting/tables.py",),
            "pandas",
            "`to_markdown`, `to_latex`",
            "names are a user's, and stay what they are; intervals stand in their cells",
            ("markdown-names",),
        ),
    ),
}
PARTS = tuple(part for parts in SECTIONS.values() for part in parts)
