"""Image files of a report: what is removed when it is made again."""

import os
from pathlib import Path

from infoeval.evaluation.image_files import remove_unnamed


def test_only_files_of_ours_are_removed(tmp_path: Path) -> None:
    ours = ["traversal-0-0-0123abcd.webp", "animation-3-10-0123abcd.gif", "generator.onnx"]
    others = ["metrics.json", "traversal.webp", "traversal-0-0-0123abcd.png.webp", "notes.txt"]
    kept = "gallery-0-1-0123abcd.webp"
    for name in (*ours, *others, kept):
        (tmp_path / name).write_text("")
    remove_unnamed(tmp_path, [kept])
    assert set(os.listdir(tmp_path)) == {*others, kept}
