"""Reader for the IDX files of MNIST and Fashion-MNIST, gzip-compressed or plain.

Format (LeCun, "The MNIST database of handwritten digits"): two zero bytes, one byte for the type
(8: unsigned byte), one byte for the number of dimensions, then each size as a big-endian 32-bit
number, then the data in C order.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import zlib
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

UNSIGNED_BYTE = 8
CHUNK = 1 << 20
#: Far above any image set meant here; a damaged header must not ask for terabytes.
LARGEST = 1 << 32


class DataError(ValueError):
    """A data file is missing, damaged, or not what its name says."""


def read_idx(
    path: str | os.PathLike[str], *, ndim: int | None = None, sha256: str | None = None
) -> npt.NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes.

    The content is decompressed in pieces straight into the result, so no second copy of it is
    ever held.

    Parameters
    ----------
    path
        The file; gzip is recognised by its content, not by its name.
    ndim
        Expected number of dimensions: 3 for images, 1 for labels.  None takes any.
    sha256
        Expected SHA-256 of the *decompressed* content (mirrors compress differently).

    Returns
    -------
    uint8 array of the shape that the header names.

    Raises
    ------
    DataError
        The file is absent, not IDX, truncated, damaged, too long, or has another content.
    """
    path = Path(path)
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if not zipped:
                return _read(raw, path, ndim, sha256)
            with gzip.GzipFile(fileobj=raw) as stream:
                return _read(cast("IO[bytes]", stream), path, ndim, sha256)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: damaged gzip file ({error}); delete it and fetch it again") from (
            error
        )


def _read(
    stream: IO[bytes], path: Path, ndim: int | None, sha256: str | None
) -> npt.NDArray[np.uint8]:
    digest = hashlib.sha256()
    shape = _read_header(stream, path, ndim, digest)
    data = np.empty(shape, dtype=np.uint8)
    flat = data.reshape(-1)
    done = 0
    while done < data.size:
        piece = stream.read(min(CHUNK, data.size - done))
        if not piece:
            raise DataError(
                f"{path}: truncated: {done:,} bytes of data, but its header {shape} needs "
                f"{data.size:,}; delete it and fetch it again"
            )
        flat[done : done + len(piece)] = np.frombuffer(piece, dtype=np.uint8)
        digest.update(piece)
        done += len(piece)
    # Reading past the end also makes gzip compare its own checksum.
    if stream.read(1):
        raise DataError(f"{path}: longer than its header {shape} says; not a whole IDX file")
    if sha256 is not None and digest.hexdigest() != sha256:
        raise DataError(
            f"{path}: SHA-256 of the content = {digest.hexdigest()}, but should be {sha256}: "
            "not the published file; delete it and fetch it again"
        )
    return data


def _read_header(stream: IO[bytes], path: Path, ndim: int | None, digest: Any) -> tuple[int, ...]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataError(
            f"{path}: first bytes = {magic.hex() or 'none'}, but should be 0000 08 and the number "
            "of dimensions: not an IDX file"
        )
    if magic[2] != UNSIGNED_BYTE:
        raise DataError(f"{path}: IDX type = {magic[2]:#04x}, but should be 0x08 (unsigned byte)")
    if not 1 <= magic[3] <= 8 or (ndim is not None and magic[3] != ndim):
        wanted = "1 to 8" if ndim is None else f"{ndim} ({ {1: 'labels', 3: 'images'}.get(ndim) })"
        raise DataError(f"{path}: number of dimensions = {magic[3]}, but should be {wanted}")
    sizes = stream.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise DataError(f"{path}: truncated inside its header; delete it and fetch it again")
    digest.update(magic + sizes)
    shape = tuple(int(n) for n in np.frombuffer(sizes, dtype=">u4"))
    if math.prod(shape) > LARGEST:
        raise DataError(f"{path}: its header asks for {shape}, {math.prod(shape):,} bytes: damaged")
    return shape


def write_idx(path: str | os.PathLike[str], data: npt.NDArray[np.uint8]) -> None:
    """Write unsigned bytes as an IDX file, gzip-compressed where the name ends in ``.gz``.

    Raises
    ------
    DataError
        `data` is not uint8.
    """
    if data.dtype != np.uint8:
        raise DataError(f"data.dtype = {data.dtype}, but should be uint8")
    header = bytes((0, 0, UNSIGNED_BYTE, data.ndim)) + np.array(data.shape, dtype=">u4").tobytes()
    path = Path(path)
    content = header + data.tobytes()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
