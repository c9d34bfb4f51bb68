"""One file for numbers and their description: a zip of ``.npy`` arrays and one JSON text.

``numpy.load`` opens it too.  Nothing in it is ever executed: arrays are read with
``allow_pickle=False`` and classes are looked up by name in a list, never imported from the file
(the books save models with ``pickle``, which runs whatever code the file asks for).
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

FORMAT = "gradcheck-model"
VERSION = 1
DESCRIPTION = "description.json"
_ADVICE = "the file is damaged or was not written by save(); save it again"


class ModelFileError(ValueError):
    """A saved model or parameter file cannot be used; the message says why."""


def write_archive(
    path: str | os.PathLike[str], description: Mapping[str, Any], arrays: Mapping[str, Array]
) -> None:
    """Write all or nothing: a crash or a full disk leaves the file that was there before.

    Raises
    ------
    ModelFileError
        An array of objects, or a description that JSON cannot hold (NaN and infinity included).
    """
    path = Path(path)
    content = {"format": FORMAT, "version": VERSION, **description}
    try:
        text = json.dumps(content, indent=1, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: cannot be described as JSON: {error}") from error
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise ModelFileError(f"{path}: {name} has dtype {array.dtype}, but should hold numbers")
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr(DESCRIPTION, text)
                for name, array in arrays.items():
                    with archive.open(name + ".npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(scratch, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(scratch)
        raise


def read_archive(
    path: str | os.PathLike[str], *, kind: str
) -> tuple[dict[str, Any], dict[str, Array]]:
    """The description and the arrays of a file of this kind.

    Raises
    ------
    ModelFileError
        The file is absent, truncated, damaged, not of this format, version or kind, or holds
        pickled objects.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info for info in archive.infolist()}
            description = _read_description(archive, members, path, kind)
            arrays = {
                name.removesuffix(".npy"): _read_array(archive, info, path)
                for name, info in members.items()
                if name != DESCRIPTION
            }
    except FileNotFoundError:
        raise ModelFileError(f"{path}: no such file") from None
    except zipfile.BadZipFile as error:
        raise ModelFileError(f"{path}: {_not_a_zip(path)} ({error}); {_ADVICE}") from error
    return description, arrays


def _not_a_zip(path: Path) -> str:
    with path.open("rb") as stream:
        start = stream.read(4)
    if start[:1] == b"\x80":
        return "looks like a pickle, which can run any code, and is not opened"
    return "truncated" if start == b"PK\x03\x04" else "not a saved model"


def _read_description(
    archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], path: Path, kind: str
) -> dict[str, Any]:
    if DESCRIPTION not in members:
        raise ModelFileError(f"{path}: holds no {DESCRIPTION}; {_ADVICE}")
    try:
        content = json.loads(_bytes(archive, members[DESCRIPTION], path).decode())
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ModelFileError(f"{path}: {DESCRIPTION} is not JSON ({error}); {_ADVICE}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelFileError(f"{path}: {DESCRIPTION} is not of the format {FORMAT}; {_ADVICE}")
    if content.get("version") != VERSION:
        raise ModelFileError(
            f"{path}: version = {content.get('version')!r}, but should be {VERSION}: written by "
            "another release of gradcheck"
        )
    if content.get("kind") != kind:
        raise ModelFileError(f"{path}: kind = {content.get('kind')!r}, but should be {kind!r}")
    return content


def _bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> bytes:
    # Stored members cannot expand to more than the file's own size.
    if info.compress_type != zipfile.ZIP_STORED:
        raise ModelFileError(f"{path}: {info.filename} is compressed; {_ADVICE}")
    return archive.read(info)


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Array:
    if info.compress_type != zipfile.ZIP_STORED:
        raise ModelFileError(f"{path}: {info.filename} is compressed; {_ADVICE}")
    try:
        with archive.open(info) as member:
            array = np.lib.format.read_array(member, allow_pickle=False)
            if member.read(1):
                raise ModelFileError(f"{path}: {info.filename} is too long; {_ADVICE}")
    except (ValueError, EOFError, MemoryError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{path}: {info.filename}: {error}; {_ADVICE}") from error
    return np.asarray(array)
