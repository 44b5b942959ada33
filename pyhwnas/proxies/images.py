"""A small fixed batch of natural images for scores that need data."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyhwnas._optional import require

__all__ = ["load_images", "sample_images"]

Images = npt.NDArray[np.float32]

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")


def sample_images(n: int = 16, size: int = 96, *, seed: int = 0) -> Images:
    """Cut random patches from the photograph that comes with matplotlib.

    Parameters
    ----------
    n : int
        Number of patches.
    size : int
        Height and width in pixels; patches of one to three times that size are scaled down.
    seed : int
        Seed of the patches' places.

    Returns
    -------
    ndarray of float32, shape (n, 3, size, size)
        Standardised per channel over the batch.

    Raises
    ------
    MissingExtraError
        If matplotlib or pillow is not installed.
    """
    cbook = require("matplotlib.cbook", extra="search")
    image = require("PIL.Image", extra="search")
    with cbook.get_sample_data("grace_hopper.jpg") as file:
        photo = image.open(file).convert("RGB")
    rng = np.random.default_rng(seed)
    patches = []
    for _ in range(n):
        largest = min(photo.width, photo.height)
        side = int(rng.integers(min(size, largest), min(3 * size, largest) + 1))
        left = int(rng.integers(0, photo.width - side + 1))
        top = int(rng.integers(0, photo.height - side + 1))
        patches.append(photo.crop((left, top, left + side, top + side)))
    return _batch(patches, size)


def load_images(folder: str | Path, n: int = 16, size: int = 96) -> Images:
    """Read the first images of a folder, in the order of their names.

    Parameters
    ----------
    folder : path
        Holds image files that pillow reads; other files are passed over.
    n : int
        Number of images.
    size : int
        Height and width in pixels; the middle square of each image is scaled to it.

    Returns
    -------
    ndarray of float32, shape (n, 3, size, size)
        Standardised per channel over the batch.

    Raises
    ------
    ValueError
        If the folder holds fewer than `n` images or one cannot be read (names the file).
    """
    image = require("PIL.Image", extra="search")
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"images: expected a folder, got {folder}")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)[:n]
    if len(paths) < n:
        raise ValueError(f"images: expected at least {n} images in {folder}, got {len(paths)}")
    squares = []
    for path in paths:
        try:
            with image.open(path) as file:
                picture = file.convert("RGB")
        except OSError as error:
            raise ValueError(f"images: cannot read {path} ({error})") from error
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        squares.append(picture.crop((left, top, left + side, top + side)))
    return _batch(squares, size)


def _batch(pictures: Iterable[Any], size: int) -> Images:
    image = require("PIL.Image", extra="search")
    pixels = np.stack(
        [np.asarray(p.resize((size, size), image.Resampling.BOX), np.float32) for p in pictures]
    )
    batch = pixels.transpose(0, 3, 1, 2)
    mean = batch.mean(axis=(0, 2, 3), keepdims=True)
    deviation = batch.std(axis=(0, 2, 3), keepdims=True)
    return np.ascontiguousarray((batch - mean) / np.maximum(deviation, 1.0))
