"""Where MNIST and Fashion-MNIST come from: a local folder, the cache, or a download.

MNIST: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", 1998.
Fashion-MNIST: Xiao, Rasul and Vollgraf, arXiv:1708.07747, 2017 (MIT licence).

The order is: the folder given, else the one that the environment variable ``GRADCHECK_DATA``
names, else the cache, else a download from the first mirror whose *decompressed* content has the
published SHA-256 (each mirror compresses the files differently).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcheck_reference.data.idx import DataError, read_idx

ENVIRONMENT = "GRADCHECK_DATA"
FILES = {
    ("train", "images"): "train-images-idx3-ubyte",
    ("train", "labels"): "train-labels-idx1-ubyte",
    ("test", "images"): "t10k-images-idx3-ubyte",
    ("test", "labels"): "t10k-labels-idx1-ubyte",
}


@dataclass(frozen=True)
class Source:
    """One published data set: class names, mirrors, and the SHA-256 of each file's content."""

    name: str
    classes: tuple[str, ...]
    mirrors: tuple[str, ...]
    sha256: dict[str, str]


SOURCES = {
    "mnist": Source(
        "mnist",
        tuple("0123456789"),
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        {
            "train-images-idx3-ubyte": (
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
            ),
            "train-labels-idx1-ubyte": (
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
            ),
            "t10k-images-idx3-ubyte": (
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
            ),
            "t10k-labels-idx1-ubyte": (
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
            ),
        },
    ),
    "fashion-mnist": Source(
        "fashion-mnist",
        (
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        (
            "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        ),
        {
            "train-images-idx3-ubyte": (
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
            ),
            "train-labels-idx1-ubyte": (
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
            ),
            "t10k-images-idx3-ubyte": (
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
            ),
            "t10k-labels-idx1-ubyte": (
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
            ),
        },
    ),
}


def source(name: str) -> Source:
    """The published data set of this name.

    Raises
    ------
    DataError
        There is none.
    """
    if name not in SOURCES:
        raise DataError(f"data set = {name!r}, but should be one of {', '.join(SOURCES)}")
    return SOURCES[name]


def load_raw(
    name: str,
    split: str,
    *,
    folder: str | os.PathLike[str] | None = None,
    cache: str | os.PathLike[str] | None = None,
    verify: bool = True,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Images and labels of one split, as published.

    Parameters
    ----------
    name
        ``mnist`` or ``fashion-mnist``.
    split
        ``train`` or ``test``.
    folder
        Holds the four IDX files, or a subfolder of the data set's name that does; when None the
        environment variable ``GRADCHECK_DATA``, when that is not set the cache and the download.
    cache
        Where downloads are kept; the operating system's cache folder when None.
    verify
        Compare the content with the published SHA-256.  False lets a folder of your own data in
        the same format pass.

    Returns
    -------
    images : uint8 array, shape (n, 28, 28)
    labels : uint8 array, shape (n,)

    Raises
    ------
    DataError
        Unknown name or split, a missing, damaged or unexpected file, or no mirror reached.
    ModuleNotFoundError
        A download is needed and pooch is not installed.
    """
    published = source(name)
    if split not in ("train", "test"):
        raise DataError(f"split = {split!r}, but should be 'train' or 'test'")
    local = folder if folder is not None else os.environ.get(ENVIRONMENT)

    def part(kind: str, ndim: int) -> npt.NDArray[np.uint8]:
        file = FILES[split, kind]
        digest = published.sha256[file] if verify else None
        if local is not None:
            return read_idx(_local_path(Path(local), name, file), ndim=ndim, sha256=digest)
        return _cached(published, file, ndim, cache)

    labels, images = part("labels", 1), part("images", 3)
    if len(images) != len(labels):
        raise DataError(f"{name} {split}: {len(images)} images, but {len(labels)} labels")
    if len(labels) and labels.max() >= len(published.classes):
        raise DataError(
            f"{name} {split}: largest label = {labels.max()}, but should be below "
            f"{len(published.classes)}"
        )
    return images, labels


def _local_path(folder: Path, name: str, file: str) -> Path:
    tried = [base / (file + suffix) for base in (folder / name, folder) for suffix in (".gz", "")]
    for path in tried:
        if path.is_file():
            return path
    raise DataError(
        f"{folder}: holds neither {name}/{file}.gz nor {file}.gz; point --data or {ENVIRONMENT} at "
        f"the folder with the IDX files, or unset {ENVIRONMENT} to download them"
    )


def _cached(
    published: Source, file: str, ndim: int, cache: str | os.PathLike[str] | None
) -> npt.NDArray[np.uint8]:
    pooch = _pooch(published.name)
    folder = Path(cache if cache is not None else pooch.os_cache("gradcheck")) / published.name
    path, digest = folder / f"{file}.gz", published.sha256[file]
    if path.is_file():
        try:
            return read_idx(path, ndim=ndim, sha256=digest)
        except DataError:
            path.unlink()
    return _download(pooch, published, path, ndim, digest)


def _download(
    pooch: Any, published: Source, path: Path, ndim: int, digest: str
) -> npt.NDArray[np.uint8]:
    """Try each mirror into a scratch folder; only a verified file is moved into the cache."""
    path.parent.mkdir(parents=True, exist_ok=True)
    problems = []
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="fetch-") as scratch:
        for mirror in published.mirrors:
            url = mirror + path.name
            try:
                got = pooch.retrieve(url, known_hash=None, fname=path.name, path=scratch)
                data = read_idx(got, ndim=ndim, sha256=digest)
            except (OSError, ValueError) as error:  # network errors are OSErrors in pooch
                problems.append(f"{url}: {_short(error)}")
                with contextlib.suppress(FileNotFoundError):
                    (Path(scratch) / path.name).unlink()
                continue
            os.replace(got, path)
            return data
    raise DataError(
        f"{path.name} of {published.name}: no mirror gave the published content; set {ENVIRONMENT} "
        f"to a folder that holds the IDX files ({'; '.join(problems)})"
    )


def _short(error: Exception) -> str:
    """What went wrong, without the path of a scratch file or a page of network details."""
    text = str(error).splitlines()[0]
    if isinstance(error, DataError):
        return text.split(": ", 1)[-1][:80]
    return f"{type(error).__name__} {text[:40]}"


def _pooch(name: str) -> Any:
    try:
        import pooch
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"downloading {name} needs pooch: pip install 'gradcheck[data]' "
            f"(or set {ENVIRONMENT} to a folder that holds the IDX files)",
            name="pooch",
        ) from None
    return pooch
