"""What a download can end in."""

import http.client
import zlib

__all__ = ["DOWNLOAD_ERRORS"]

DOWNLOAD_ERRORS = (
    ImportError,
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    zlib.error,
    http.client.HTTPException,
)
"""No network, a refusing server, a damaged file, a full or read-only disk, or a torchvision that
does not import."""
