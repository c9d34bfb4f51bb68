"""Images from PNG files: the book's folder (or zip) of Fashion-MNIST, and a picture of one's own.

*Neural Networks from Scratch*, chapters 19 and 22: ``fashion_mnist_images/train/0/0000.png`` is
the first training image of class 0; white on black, 28 x 28, one byte a pixel.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcheck_reference.data.idx import DataError
from gradcheck_reference.data.prepare import scale_images

SIDE = 28
_MEMBER = re.compile(r"(?:^|/)(train|test)/(\d+)/([^/]+\.png)$", re.IGNORECASE)


def load_png_folder(
    root: str | os.PathLike[str], split: str
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Read one split of the book's layout, from a folder or from a zip (not extracted).

    Parameters
    ----------
    root
        Folder or ``.zip`` with ``train/`` and ``test/``, each with a folder per class number.
    split
        ``train`` or ``test``.

    Returns
    -------
    images : uint8 array, shape (n, h, w), in the order of class and file name
    labels : uint8 array, shape (n,)
        Numbers, whatever the folder names' type.

    Raises
    ------
    DataError
        Nothing found, a damaged image, or images of different sizes.
    ModuleNotFoundError
        Pillow is not installed.
    """
    root = Path(root)
    if not root.exists():
        raise DataError(f"{root}: no such file or folder")
    if root.is_dir():
        names = [p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()]
        return _read_all(root, names, split, lambda name: (root / name).read_bytes())
    try:
        with zipfile.ZipFile(root) as archive:
            return _read_all(root, archive.namelist(), split, archive.read)
    except zipfile.BadZipFile as error:
        raise DataError(f"{root}: damaged zip file ({error}); fetch it again") from error


def _read_all(
    root: Path, names: list[str], split: str, read: Callable[[str], bytes]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    found = sorted(
        (int(match[2]), match[3], name)
        for name in names
        if (match := _MEMBER.search(name)) and match[1] == split and "__MACOSX" not in name
    )
    if not found:
        raise DataError(f"{root}: no images of the form {split}/0/0000.png")
    if found[-1][0] > 255:
        raise DataError(f"{root}: class folder {found[-1][0]}, but labels are uint8: at most 255")
    images: npt.NDArray[np.uint8] | None = None
    for i, (_, _, name) in enumerate(found):
        image = _open(io.BytesIO(read(name)), f"{root}: {name}").convert("L")
        pixels = np.asarray(image, dtype=np.uint8)
        if images is None:
            images = np.empty((len(found), *pixels.shape), dtype=np.uint8)
        if pixels.shape != images.shape[1:]:
            raise DataError(
                f"{root}: {name}: shape = {pixels.shape}, but should be {images.shape[1:]} as the "
                "first image"
            )
        images[i] = pixels
    assert images is not None  # found is not empty
    return images, np.array([label for label, _, _ in found], dtype=np.uint8)


def load_own_image(
    path: str | os.PathLike[str],
    *,
    invert: bool | None = None,
    scaling: str = "symmetric",
    side: int = SIDE,
    dtype: npt.DTypeLike = np.float32,
) -> npt.NDArray[Any]:
    """Read a user's own picture in the form that a model was trained on.

    Grayscale (transparent parts on white), resized to `side` x `side`, inverted, scaled and
    flattened (*Neural Networks from Scratch*, chapter 22).

    Parameters
    ----------
    invert
        True turns black on white into the data sets' white on black; None does so where the
        border of the picture is brighter than mid-grey.
    scaling
        As in `scale_images`: the one used in training.

    Returns
    -------
    float array, shape (1, side * side), ready for ``model.predict``

    Raises
    ------
    DataError
        The file is missing or not an image.
    ModuleNotFoundError
        Pillow is not installed.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    image = _open(io.BytesIO(path.read_bytes()), str(path)).convert("RGBA")
    gray = _on_white(image).resize((side, side))
    pixels = np.array(gray, dtype=np.uint8)
    border = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])
    if invert if invert is not None else float(np.median(border)) > 127.5:
        pixels = 255 - pixels
    return scale_images(pixels[None], scaling=scaling, dtype=dtype)


def named_predictions(
    confidences: npt.ArrayLike, classes: Sequence[str]
) -> list[tuple[str, float]]:
    """The most likely class of each row by name, with its confidence.

    Parameters
    ----------
    confidences : (N, C)
        A model's outputs, as ``model.predict`` gives them.
    classes
        The C names.

    Raises
    ------
    DataError
        Another number of names than of columns.

    Examples
    --------
    >>> named_predictions([[0.1, 0.9], [0.75, 0.25]], ["Sandal", "Bag"])
    [('Bag', 0.9), ('Sandal', 0.75)]
    """
    rows = np.atleast_2d(np.asarray(confidences))
    if rows.shape[1] != len(classes):
        raise DataError(f"{len(classes)} class names, but should be {rows.shape[1]}")
    return [(classes[int(row.argmax())], float(row.max())) for row in rows]


def _on_white(image: Any) -> Any:
    Image = _pillow()
    paper = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(paper, image).convert("L")


def _open(stream: io.BytesIO, what: str) -> Any:
    Image = _pillow()
    try:
        image = Image.open(stream)
        image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{what}: not a readable image ({error})") from error
    return image


def _pillow() -> Any:
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "reading images needs Pillow: pip install 'gradcheck[data]'", name="PIL"
        ) from None
    return Image
