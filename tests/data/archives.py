"""Images, tars and zips as bytes."""

import io
import tarfile
import zipfile

from PIL import Image


def picture(pixels, form="JPEG", **options):
    """Return an image of an array of pixels; a JPEG is of good quality by default."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **({"quality": 95} | options))
    return buffer.getvalue()


def tar_bytes(members, form=tarfile.GNU_FORMAT):
    """Return a tar of ``(name or TarInfo, content)`` pairs."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for what, content in members:
            info = what if isinstance(what, tarfile.TarInfo) else tarfile.TarInfo(what)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zip_bytes(members, compression=zipfile.ZIP_DEFLATED):
    """Return a zip of ``(name, content)`` pairs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()
