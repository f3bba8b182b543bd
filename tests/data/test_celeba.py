import codecs
import gzip
import io
import os
import struct
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from infoeval.data import catalogue, celeba, load, untrusted
from infoeval.data.folder import load_folder
from infoeval.data.image_set import split_indices
from infoeval.errors import UserError
from tests.data.archives import picture as jpeg
from tests.data.archives import tar_bytes, zip_bytes

RNG = np.random.default_rng(0)
ATTRIBUTES = ("Bald", "Smiling", "Young")
VALUES = RNG.integers(0, 2, (10, 3))
NAMES = [f"{k:06}.jpg" for k in range(1, 11)]
# Each image has a grey of its own, which tells it from the others.
GREYS = dict(zip(NAMES, range(10, 240, 23), strict=True))


PICTURES = {name: jpeg(np.full((109, 89, 3), grey, dtype=np.uint8)) for name, grey in GREYS.items()}


def attribute_lines():
    rows = (
        f"{name} {'  '.join('1' if value else '-1' for value in row)}"
        for name, row in zip(NAMES, VALUES, strict=True)
    )
    return [str(len(NAMES)), " ".join(ATTRIBUTES) + " ", *rows]


def text(lines):
    return ("\n".join(lines) + "\n").encode()


def write_attributes(root, content=None):
    path = root / "celeba" / "list_attr_celeba.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text(attribute_lines()) if content is None else content)
    return path


def write_partition(root, lines):
    path = root / "celeba" / "list_eval_partition.txt"
    path.write_bytes(text(lines))
    return path


def write_folder(root, pictures):
    folder = root / "celeba" / "img_align_celeba"
    folder.mkdir(parents=True)
    for name, content in pictures.items():
        (folder / name).write_bytes(content)
    return folder


def write_tar(root, content=None, name="img_align_celeba_part.tar"):
    path = root / "celeba" / name
    path.parent.mkdir(exist_ok=True)
    if content is None:
        members = ((f"img_align_celeba/{name}", PICTURES[name]) for name in NAMES)
        content = tar_bytes(members)
    path.write_bytes(content)
    return path


def write_zip(root):
    path = root / "celeba" / "img_align_celeba.zip"
    path.parent.mkdir()
    path.write_bytes(zip_bytes((f"img_align_celeba/{name}", PICTURES[name]) for name in NAMES))
    return path


def names_in(*sets):
    """Return which images sets hold, by their greys."""
    by_grey = {grey: name for name, grey in GREYS.items()}
    found = []
    for data in sets:
        for image in data.images:
            assert np.ptp(image) <= 2
            found.append(by_grey[min(by_grey, key=lambda grey: abs(grey - image.mean()))])
    return found


def both(root):
    return [load("celeba", split, root=root) for split in ("train", "test")]


@pytest.mark.parametrize("write", [write_tar, write_zip, lambda root: write_folder(root, PICTURES)])
@pytest.mark.parametrize("packed", [False, True])
def test_images_and_attributes_belong_together(tmp_path, write, packed):
    write(tmp_path)
    assert not {entry.name: entry.present for entry in catalogue(tmp_path)}["celeba"]
    path = write_attributes(tmp_path)
    if packed:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        path.unlink()
    assert {entry.name: entry.present for entry in catalogue(tmp_path)}["celeba"]
    parts = both(tmp_path)
    for split, part in zip(("train", "test"), parts, strict=True):
        assert (part.name, part.split, part.labels) == ("celeba", split, None)
        assert part.images.shape[1:] == (3, 32, 32)
        assert part.factor_names == ATTRIBUTES
        assert part.factor_types == ("discrete",) * 3
        found = names_in(part)
        assert found == [NAMES[k] for k in split_indices("", 10, split)]
        np.testing.assert_array_equal(part.factors, VALUES[[NAMES.index(name) for name in found]])
    assert sorted(names_in(*parts)) == NAMES


def test_only_what_is_in_both_is_used(tmp_path):
    stranger = jpeg(np.full((109, 89, 3), 255, dtype=np.uint8))
    others = dict.fromkeys(("000000.jpg", "000011.jpg", "1.jpg", "._000001.jpg"), stranger)
    others["notes.txt"] = b"notes"
    kept = {name: PICTURES[name] for name in NAMES[2:7]}
    folder = write_folder(tmp_path, kept | others)
    (folder / NAMES[9]).mkdir()
    write_attributes(tmp_path)
    assert sorted(names_in(*both(tmp_path))) == NAMES[2:7]


def test_the_folder_is_taken_before_a_tar_and_the_first_tar_before_others(tmp_path):
    write_attributes(tmp_path)
    write_tar(tmp_path, b"", "img_align_celeba_second.tar")
    write_tar(tmp_path, name="img_align_celeba_first.tar")
    assert len(names_in(*both(tmp_path))) == 10
    write_folder(tmp_path, {name: PICTURES[name] for name in NAMES[:5]})
    assert len(names_in(*both(tmp_path))) == 5


def test_the_official_partition_decides(tmp_path):
    write_tar(tmp_path)
    write_attributes(tmp_path)
    parts = "0120012"  # the last three images are in no part
    write_partition(tmp_path, [f"{n} {p}" for n, p in zip(NAMES, parts, strict=False)])
    train, test = both(tmp_path)
    assert names_in(train) == [NAMES[k] for k in (0, 3, 4)]
    assert names_in(test) == [NAMES[k] for k in (2, 6)]


def test_an_empty_part_is_explained(tmp_path):
    write_tar(tmp_path)
    write_attributes(tmp_path)
    path = write_partition(tmp_path, [f"{name} 0" for name in NAMES])
    with pytest.raises(UserError, match=f"{path}: none of the 10 images .* in its test part"):
        load("celeba", "test", root=tmp_path)


def load_single(root, pixels, **options):
    """Load two copies of one image, and return it as (32, 32, 3)."""
    write_folder(root, dict.fromkeys(NAMES[:2], jpeg(pixels, **options)))
    write_attributes(root)
    return np.moveaxis(load("celeba", root=root).images[0], 0, 2)


def test_the_usual_square_is_resized(tmp_path):
    small = RNG.integers(0, 256, (11, 9, 3), dtype=np.uint8)
    pixels = np.asarray(Image.fromarray(small).resize((178, 218), Image.Resampling.BICUBIC))
    found = load_single(tmp_path, pixels)
    whole = Image.open(io.BytesIO(jpeg(pixels)))
    square = whole.crop((15, 35, 163, 183)).resize((32, 32), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(found, np.asarray(square))


@pytest.mark.parametrize("scale", [1, 0.5, 2])
def test_the_square_is_in_proportion_to_the_image(tmp_path, scale):
    """Margins are black, the usual square is white, and hardly anything else is seen."""
    large = np.zeros((436, 356, 3), dtype=np.uint8)
    large[70:366, 30:326] = 255
    size = (round(178 * scale), round(218 * scale))
    pixels = np.asarray(Image.fromarray(large).resize(size, Image.Resampling.BOX))
    found = load_single(tmp_path, pixels, quality=100, subsampling=0).astype(int)
    assert found[2:-2, 2:-2].min() >= 250
    # In a half-size image the square begins within a pixel, which is grey.
    assert found.min() >= (250 if scale != 0.5 else 150)


def test_grey_images_become_rgb(tmp_path):
    found = load_single(tmp_path, np.full((218, 178), 100, dtype=np.uint8))
    assert found.shape == (32, 32, 3)
    assert (abs(found.astype(int) - 100) <= 1).all()


def test_nothing_of_a_tar_is_written_and_its_folders_do_not_matter(tmp_path):
    folders = ("../../", "/", "/etc/", "a/b/../", "")
    members = [
        (f"{folder}{name}", PICTURES[name]) for folder, name in zip(folders, NAMES, strict=False)
    ]
    path = write_tar(tmp_path, tar_bytes(members))
    attributes = write_attributes(tmp_path)
    assert sorted(names_in(*both(tmp_path))) == NAMES[:5]
    assert {file for file in tmp_path.rglob("*") if file.is_file()} == {path, attributes}


def link(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_only_regular_members_are_images(tmp_path):
    kinds = (
        *(tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE),
        tarfile.GNUTYPE_SPARSE,
    )
    odd = [(link(NAMES[4 + k], kind, "/etc/passwd"), b"") for k, kind in enumerate(kinds)]
    real = [(name, PICTURES[name]) for name in NAMES[:3]]
    write_tar(tmp_path, tar_bytes(odd + real))
    write_attributes(tmp_path)
    assert sorted(names_in(*both(tmp_path))) == NAMES[:3]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_form_of_tar_is_read(tmp_path, form):
    folder = "a/" * 45  # too long for one field in some of them
    members = [(f"{folder}{name}", PICTURES[name]) for name in NAMES]
    write_tar(tmp_path, tar_bytes(members, form))
    write_attributes(tmp_path)
    assert sorted(names_in(*both(tmp_path))) == NAMES


def test_images_are_decoded_once(tmp_path):
    path = write_tar(tmp_path)
    write_attributes(tmp_path)
    first = both(tmp_path)
    written = path.stat().st_mtime_ns
    path.write_bytes(bytes(path.stat().st_size))
    os.utime(path, ns=(written, written))
    again = both(tmp_path)
    for one, other in zip(first, again, strict=True):
        assert one.fingerprint == other.fingerprint
        assert (one.factor_names, one.left_out) == (other.factor_names, other.left_out)
    os.utime(path, ns=(written, written + 10**9))
    with pytest.raises(UserError, match="holds no image"):
        both(tmp_path)


def test_what_is_changed_in_memory_stays_there(tmp_path):
    write_tar(tmp_path)
    write_attributes(tmp_path)
    found = names_in(*both(tmp_path))
    both(tmp_path)[0].images[:] = 0
    assert names_in(*both(tmp_path)) == found


def test_other_attributes_are_seen(tmp_path):
    write_tar(tmp_path)
    write_attributes(tmp_path)
    before = load("celeba", root=tmp_path)
    lines = attribute_lines()
    lines[1] = "Bald Smiling Blond"
    write_attributes(tmp_path, text(lines))
    after = load("celeba", root=tmp_path)
    assert after.factor_names == ("Bald", "Smiling", "Blond")
    np.testing.assert_array_equal(before.images, after.images)


@pytest.mark.parametrize("split", ["train", "test"])
def test_broken_images_are_left_out_on_request_and_the_rest_stays_in_place(tmp_path, split):
    write_tar(tmp_path)
    write_attributes(tmp_path)
    whole = load("celeba", split, root=tmp_path)
    chosen = [NAMES[k] for k in split_indices("", 10, split)]
    bad = (chosen[0], NAMES[split_indices("", 10, "train")[3]])
    pictures = PICTURES | {name: PICTURES[name][:300] for name in bad}
    path = write_tar(tmp_path, tar_bytes(pictures.items()))
    with pytest.raises(UserError, match=r"\d\.jpg: a broken image .*--skip-broken"):
        load("celeba", split, root=tmp_path)
    rest = load("celeba", split, root=tmp_path, skip_broken=True)
    kept = [k for k, name in enumerate(chosen) if name not in bad]
    assert rest.left_out == tuple(f"{path}: {name}" for name in chosen if name in bad)
    assert names_in(rest) == [chosen[k] for k in kept]
    np.testing.assert_array_equal(rest.images, whole.images[kept])
    np.testing.assert_array_equal(rest.factors, whole.factors[kept])
    with pytest.raises(UserError, match="a broken image"):
        load("celeba", split, root=tmp_path)


def test_a_half_downloaded_tar_is_reported_and_its_images_used_on_request(tmp_path):
    content = tar_bytes((f"img_align_celeba/{name}", PICTURES[name]) for name in NAMES)
    path = write_tar(tmp_path, content[: content.index(NAMES[6].encode()) + 700])
    write_attributes(tmp_path)
    with pytest.raises(UserError, match=f"{path}: truncated after 6 whole images") as caught:
        load("celeba", root=tmp_path)
    assert "\n" not in str(caught.value)
    parts = [load("celeba", split, root=tmp_path, skip_broken=True) for split in ("train", "test")]
    assert sorted(names_in(*parts)) == NAMES[:6]
    for part in parts:
        assert part.left_out == (f"{path}: everything after its first 6 images",)


def peak_of_preparing(root, count):
    """Return the bytes that Python takes at most while images are prepared."""
    names = [f"{k:06}.jpg" for k in range(count)]
    write_tar(root, tar_bytes((name, PICTURES[NAMES[0]]) for name in names))
    write_attributes(root, text([str(count), "Bald Young", *(f"{name} 1 -1" for name in names)]))
    tracemalloc.start()
    try:
        data = load("celeba", root=root)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert data.images.nbytes == 3072 * len(data)
    return peak


def test_memory_does_not_hold_the_images(tmp_path, monkeypatch):
    """Besides the mapped file only the lists grow: a fraction of an image's 3,072 bytes an image.

    At 200,000 pictures that is some 60 MB.
    """
    monkeypatch.setattr(untrusted, "_CHUNK", 2**12)  # else it hides what the lists take
    peak_of_preparing(tmp_path, 20)  # what is imported and kept at the first time
    few, many = (peak_of_preparing(tmp_path, count) for count in (300, 900))
    assert (many - few) / 600 < 1000


def negative_size():
    """Return a tar whose first member says that it ends before it begins."""
    content = bytearray(tar_bytes([(NAMES[0], PICTURES[NAMES[0]])]))
    content[124:136] = (2**96 - 1024).to_bytes(12, "big")
    content[148:156] = b" " * 8
    content[148:156] = f"{sum(content[:512]):06o}\0 ".encode()
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"PK\x05\x06" + bytes(600),
        bytes(100),
        gzip.compress(tar_bytes([(NAMES[0], PICTURES[NAMES[0]])]), mtime=0),
        negative_size(),
    ],
    ids=["empty", "text", "zip", "zeros", "gzipped", "negative"],
)
def test_other_files_are_no_tar(tmp_path, content):
    path = write_tar(tmp_path, content)
    write_attributes(tmp_path)
    with pytest.raises(UserError) as caught:
        load("celeba", root=tmp_path)
    assert str(caught.value).startswith(f"{path}: not a readable folder or uncompressed tar (")
    assert "\n" not in str(caught.value)


def test_a_tar_without_images_is_refused(tmp_path):
    path = write_tar(tmp_path, tar_bytes([("notes.txt", b"notes")]))
    listed = write_attributes(tmp_path)
    with pytest.raises(UserError, match=f"{path}: holds no image that is listed in {listed}"):
        load("celeba", root=tmp_path)


def test_many_damaged_tars_are_user_errors_or_harmless(tmp_path):
    rng = np.random.default_rng(0)
    write_attributes(tmp_path)
    content = tar_bytes((f"img_align_celeba/{name}", PICTURES[name]) for name in NAMES)
    path = write_tar(tmp_path, content)
    broken = [content[:end] for end in range(0, len(content), 397)]
    for _ in range(100):
        changed = bytearray(content)
        changed[rng.integers(len(content))] ^= 1 << rng.integers(8)
        broken.append(bytes(changed))
    reasons = []
    for content in broken:
        path.write_bytes(content)
        try:
            assert load("celeba", root=tmp_path).images.shape[1:] == (3, 32, 32)
        except UserError as error:
            reasons.append(str(error))
    assert len(reasons) > 30
    assert not any("\n" in reason for reason in reasons)


def bomb():
    """Return a JPEG that declares 65,500 × 65,500 pixels."""
    small = jpeg(np.zeros((8, 8), dtype=np.uint8))
    at = small.index(b"\xff\xc0") + 5
    return small[:at] + struct.pack(">2H", 65_500, 65_500) + small[at + 4 :]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "broken, or not an image (JPEG)"),
        (b"hello", "broken, or not an image (JPEG)"),
        (PICTURES[NAMES[0]][:300], "a broken image"),
        (PICTURES[NAMES[0]][:-40], "a broken image"),
        (jpeg(np.zeros((109, 89), np.uint8), "PNG"), "broken, or not an image (JPEG)"),
        (bomb(), "a broken image"),
        (jpeg(np.zeros((60, 90), dtype=np.uint8)), "has 90×60 pixels, not 178×218 or the like"),
    ],
)
@pytest.mark.parametrize("in_tar", [False, True])
def test_a_broken_image_is_named(tmp_path, content, reason, in_tar):
    name = NAMES[split_indices("", 10, "train")[3]]
    pictures = PICTURES | {name: content}
    if in_tar:
        path = f"{write_tar(tmp_path, tar_bytes((f'a/{k}', v) for k, v in pictures.items()))}: a"
    else:
        path = write_folder(tmp_path, pictures)
    write_attributes(tmp_path)
    with pytest.raises(UserError) as caught:
        load("celeba", root=tmp_path)
    assert str(caught.value).startswith(f"{path}/{name}: {reason}")
    assert "\n" not in str(caught.value)


def with_line(number, line):
    lines = attribute_lines()
    lines[number - 1] = line
    return text(lines)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "line 1 must be the number of images"),
        (b"10\n", "line 1 must be the number of images"),
        (with_line(1, "11"), "line 1 must be the number of images.*there are 12 lines"),
        (with_line(1, "ten"), "line 1 must be the number of images"),
        (text(attribute_lines()[:-1]), "line 1 must be the number of images.*there are 11 lines"),
        (with_line(2, ""), "line 2 must be the names"),
        (with_line(5, "000003.jpg 1 1"), "line 5 has 2 values, not 3"),
        (with_line(5, "000003.jpg 1 1 -1 1"), "line 5 has 4 values, not 3"),
        (with_line(5, "000003.jpg 1 1 0"), "line 5 has the value '0', not -1 or 1"),
        (with_line(5, "000003.jpg 1 1 +1"), r"line 5 has the value '\+1', not -1 or 1"),
        (with_line(5, "000003.jpg 1 1 " + "9" * 99), "line 5 has the value '9{40}', not"),
        (with_line(5, ""), "line 5 has '' instead of a name"),
        (with_line(5, "3.jpg 1 1 1"), "line 5 has '3.jpg' instead of a name such as 000001.jpg"),
        (with_line(5, "../000003.jpg 1 1 1"), "line 5 has '../000003.jpg' instead of a name"),
        (with_line(5, "000002.jpg 1 1 1"), "line 5 has '000002.jpg' twice"),
        (with_line(2, "Bald Young Bald"), "line 2 has an attribute twice"),
        (with_line(2, "Bald \x1b[31m Young"), "line 2 must be the names of the attributes"),
        (with_line(2, "Bald Young " + "x" * 201), "line 2 must be the names of the attributes"),
        (with_line(2, "Bald,,Young"), "line 2 must be the names of the attributes"),
        (b"image_id\n000001.jpg\n", "line 1 must be the names of the attributes"),
        (b"image_id,Bald\n000001.jpg,2\n", "line 2 has the value '2', not -1 or 1 or 0"),
        (b"image_id,Bald\n000001.jpg,1,1\n", "line 2 has 2 values, not 1"),
        (b"\n" * 2**21 + b"1", "has more than 1048576 lines"),
        (b"\xff" + text(attribute_lines()), "not a text file"),
        (
            gzip.compress(text(attribute_lines()), mtime=0)[:-9],
            "the gzip file is truncated or damaged",
        ),
    ],
)
def test_wrong_attributes_are_refused_with_the_line(tmp_path, content, reason):
    write_tar(tmp_path)
    path = write_attributes(tmp_path, content)
    with pytest.raises(UserError, match=f"{path}: {reason}") as caught:
        load("celeba", root=tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("000002.jpg 3", "line 2 has the value '3', not 0 or 1 or 2"),
        ("000002.jpg", "line 2 has 0 values, not 1"),
        ("000001.jpg 0", "line 2 has '000001.jpg' twice"),
        ("", "line 2 has '' instead of a name"),
    ],
)
def test_a_wrong_partition_is_refused_with_the_line(tmp_path, line, reason):
    write_tar(tmp_path)
    write_attributes(tmp_path)
    path = write_partition(tmp_path, ["000001.jpg 0", line, "000003.jpg 2"])
    with pytest.raises(UserError, match=f"{path}: {reason}"):
        load("celeba", root=tmp_path)


def test_lines_may_end_and_begin_as_windows_writes_them(tmp_path):
    write_tar(tmp_path)
    content = text(attribute_lines()).replace(b"\n", b"\r\n")
    write_attributes(tmp_path, codecs.BOM_UTF8 + content)
    assert sorted(names_in(*both(tmp_path))) == NAMES


def kaggle_lines(*, no="-1", quote=""):
    lines = [",".join(("image_id", *ATTRIBUTES))]
    for name, row in zip(NAMES, VALUES, strict=True):
        lines.append(",".join((f"{quote}{name}{quote}", *("1" if value else no for value in row))))
    return lines


@pytest.mark.parametrize("folder", ["celeba", "CelebA", "celeba-dataset", "."])
@pytest.mark.parametrize("options", [{}, {"no": "0"}, {"quote": '"'}])
def test_the_layout_of_kaggle_is_the_same_set(tmp_path, folder, options):
    ours = tmp_path / "ours"
    ours.mkdir()
    write_tar(ours)
    write_attributes(ours)
    parts = "0120012012"
    write_partition(ours, [f"{n} {p}" for n, p in zip(NAMES, parts, strict=True)])
    base = tmp_path / "theirs" / folder
    images = base / "img_align_celeba" / "img_align_celeba"
    images.mkdir(parents=True)
    for name, content in PICTURES.items():
        (images / name).write_bytes(content)
    (base / "list_attr_celeba.csv").write_bytes(
        codecs.BOM_UTF8 + text(kaggle_lines(**options)).replace(b"\n", b"\r\n")
    )
    rows = [f"{name},{part}" for name, part in zip(NAMES, parts, strict=True)]
    (base / "list_eval_partition.csv").write_bytes(text(["image_id,partition", *rows]))
    entry = {entry.name: entry for entry in catalogue(tmp_path / "theirs")}["celeba"]
    assert (entry.present, Path(entry.where)) == (True, base)
    for one, other in zip(both(ours), both(tmp_path / "theirs"), strict=True):
        assert one.fingerprint == other.fingerprint
        assert one.factor_names == other.factor_names


def test_the_folders_of_the_official_download_are_found(tmp_path):
    (tmp_path / "celeba").mkdir()
    write_tar(tmp_path)
    attributes = write_attributes(tmp_path)
    partition = write_partition(tmp_path, [f"{name} {int(name[5]) % 3}" for name in NAMES])
    before = [data.fingerprint for data in both(tmp_path)]
    base = (tmp_path / "celeba").rename(tmp_path / "CelebA")
    for part, name in (
        ("Anno", attributes.name),
        ("Eval", partition.name),
        ("Img", "img_align_celeba_part.tar"),
    ):
        (base / part).mkdir()
        (base / name).rename(base / part / name)
    assert [data.fingerprint for data in both(tmp_path)] == before


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_list_larger_than_any_is_refused(tmp_path, monkeypatch, pack):
    monkeypatch.setattr(celeba, "_MAX_LIST_BYTES", 100)
    write_tar(tmp_path)
    path = write_attributes(tmp_path, pack(text(attribute_lines())))
    with pytest.raises(UserError, match=f"{path}: longer than 100 bytes"):
        load("celeba", root=tmp_path)


def test_what_is_missing_is_named_in_one_line(tmp_path):
    lacking = [["list_attr_celeba.txt", "img_align_celeba "], ["list_attr_celeba.txt"]]
    for names in lacking:
        with pytest.raises(UserError, match="celeba is not there: put") as caught:
            load("celeba", root=tmp_path)
        for name in ("list_attr_celeba.txt", "img_align_celeba "):
            assert (name in str(caught.value)) == (name in names)
        assert str(tmp_path / "celeba") in str(caught.value)
        assert "\n" not in str(caught.value)
        write_tar(tmp_path)


def test_without_attributes_the_images_can_be_had_alone(tmp_path):
    write_tar(tmp_path)
    unpack = r"list_attr_celeba\.txt .*; for the images alone, unpack img_align.*\.tar and give"
    with pytest.raises(UserError, match=unpack):
        load("celeba", root=tmp_path)
    folder = write_folder(tmp_path, PICTURES)
    with pytest.raises(UserError, match="for the images alone, give their folder"):
        load("celeba", root=tmp_path)
    alone = load_folder(folder, shape=(3, 32, 32))
    assert (len(alone), alone.factors) == (8, None)


@pytest.mark.shared_data
def test_the_real_test_split(shared_data):
    data = load("celeba", "test", root=shared_data)
    assert data.images.shape[1:] == (3, 32, 32)
    assert data.factors.shape == (len(data), 40)
    assert set(np.unique(data.factors)) == {0, 1}
    assert {"Male", "Smiling", "Eyeglasses", "Blond_Hair"} <= set(data.factor_names)
    # Attributes belong to their images: blond hair is brighter than black hair.
    bright = data.images[:, :, :8].mean((1, 2, 3))
    blond, black = (
        data.factors[:, data.factor_names.index(name)] == 1 for name in ("Blond_Hair", "Black_Hair")
    )
    assert bright[blond].mean() > bright[black].mean() + 20
