"""Which run results are of: by the path of the checkpoint and the settings, else by its hash."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from infoeval.errors import UserError
from infoeval.files import sha256
from infoeval.results import SubjectEntry
from infoeval.viewer.folder_walk import FolderTree, joined
from infoeval.viewer.run_files import CHECKPOINT, RunConfig
from infoeval.viewer.scored_models import Scored

MOST_HASHED = 2 * 2**30
"""Bytes of checkpoints that are read to tell which one results are of; two seconds' work."""


class RunFinder:
    """Finds the runs of a folder, called ``name``, that results are of; ``runs`` by their keys."""

    def __init__(self, tree: FolderTree, name: str, runs: Mapping[str, RunConfig | None]) -> None:
        self.tree, self.runs = tree, runs
        self.parts = {key: (name, *PurePosixPath(key).parts) for key in runs}
        self.by_name = defaultdict[str, list[str]](list)
        for key, parts in self.parts.items():
            self.by_name[parts[-1]].append(key)
        self.hashes: dict[str, str] = {}
        self.to_hash = MOST_HASHED

    def find(self, scored: Scored) -> str | None:
        """Return the run that a model is, or None.

        A path that ends as another does by its last folder alone, as where the folder was renamed,
        is not enough: then the checkpoint must have the hash that the results name.
        """
        identity = scored.identity
        if identity.checkpoint is None:
            return None
        whole = PurePosixPath(identity.checkpoint.replace("\\", "/")).parts[:-1]
        parts = tuple(part for part in whole if part not in ("/", "."))
        beside = scored.path.rpartition("/")[0]
        found = self.by_name.get(parts[-1], []) if parts else [beside]
        found = [key for key in found if key in self.runs and _agree(self.runs[key], identity)]
        alike = {key: _common(parts[::-1], self.parts[key][::-1]) for key in found}
        sure = [key for key in found if alike[key] in (len(parts), len(self.parts[key]))]
        near = {key: _common(scored.path.split("/"), key.split("/")) for key in sure}
        best = max(((alike[key], near[key]) for key in sure), default=None)
        sure = [key for key in sure if (alike[key], near[key]) == best]
        if len(sure) == 1:
            return sure[0]
        return next((key for key in sure or found if self._has_hash(key, identity.sha256)), None)

    def _has_hash(self, key: str, wanted: str | None) -> bool:
        """Return whether a run's checkpoint has this SHA-256; False once much has been read."""
        path = joined(key, CHECKPOINT)
        if wanted is None or not self.tree.has(path):
            return False
        if path not in self.hashes:
            self.hashes[path] = ""
            try:
                self.to_hash -= (self.tree.root / path).stat().st_size
                if self.to_hash >= 0:
                    self.hashes[path] = sha256(self.tree.root / path)
            except (OSError, UserError):
                return False
        return self.hashes[path] == wanted


def _agree(config: RunConfig | None, identity: SubjectEntry) -> bool:
    """Return whether what results say of a checkpoint fits the settings of a run."""
    if config is None:
        return True
    pairs = (
        (config.trainer.name, identity.trainer),
        (config.variant, identity.variant),
        (config.seed, identity.seed),
        (config.trainer.information_weight, identity.information_weight),
    )
    return all(None in pair or pair[0] == pair[1] for pair in pairs)


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """Return how many items two sequences begin with alike."""
    alike = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        alike += 1
    return alike
