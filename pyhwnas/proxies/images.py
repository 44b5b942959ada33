"""A small fixed batch of natural images for scores that need data."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyhwnas._optional import require

__all__ = ["checked", "halved", "image_labels", "load_images", "sample_images"]

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
    ValueError
        If `n` or `size` is less than 1.
    """
    _check_sizes(n, size)
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
        Holds image files that pillow reads, or one folder of them for each class, which are read
        in turn (see `image_labels`); other files are passed over.
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
        If `n` or `size` is less than 1, the folder holds fewer than `n` images, or one cannot be
        read (names the file).
    """
    _check_sizes(n, size)
    image = require("PIL.Image", extra="search")
    squares = []
    for path, _ in _listed(Path(folder), n):
        try:
            with image.open(path) as file:
                picture = file.convert("RGB")
        except Exception as error:  # decoders raise whatever they like on damaged files
            raise ValueError(f"images: cannot read {path} ({error})") from error
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        squares.append(picture.crop((left, top, left + side, top + side)))
    return _batch(squares, size)


def image_labels(folder: str | Path, n: int = 16) -> npt.NDArray[np.int64] | None:
    """Give the number of the class of each image that `load_images` reads.

    Parameters
    ----------
    folder : path
    n : int
        Number of images.

    Returns
    -------
    ndarray of int64, shape (n,), or None
        Classes are the folders in it, numbered from 0 by name; None where the images lie in the
        folder itself.

    Raises
    ------
    ValueError
        If the folder holds fewer than `n` images.
    """
    labels = [label for _, label in _listed(Path(folder), n)]
    return None if None in labels else np.array(labels, dtype=np.int64)


def _listed(folder: Path, n: int) -> list[tuple[Path, int | None]]:
    """Find the first images, and the class of each."""
    if not folder.is_dir():
        raise ValueError(f"images: expected a folder, got {folder}")
    found: list[tuple[Path, int | None]] = [(path, None) for path in _files(folder)]
    if not found:
        classes = sorted(path for path in folder.iterdir() if path.is_dir())
        found = [
            (path, label)
            for turn in zip_longest(*map(_files, classes))
            for label, path in enumerate(turn)
            if path is not None
        ]
    if len(found) < n:
        raise ValueError(f"images: expected at least {n} images in {folder}, got {len(found)}")
    return found[:n]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _check_sizes(n: int, size: int) -> None:
    for name, value in (("n", n), ("size", size)):
        if value < 1:
            raise ValueError(f"{name}: expected at least 1, got {value}")


def _batch(pictures: Iterable[Any], size: int) -> Images:
    image = require("PIL.Image", extra="search")
    pixels = np.stack(
        [np.asarray(p.resize((size, size), image.Resampling.BOX), np.float32) for p in pictures]
    )
    batch = pixels.transpose(0, 3, 1, 2)
    mean = batch.mean(axis=(0, 2, 3), keepdims=True)
    deviation = batch.std(axis=(0, 2, 3), keepdims=True)
    return np.ascontiguousarray((batch - mean) / np.maximum(deviation, 1.0))


def checked(images: npt.ArrayLike, channels: int) -> Images:
    """Take images as a read-only batch of float32, or say what is wrong with them.

    Raises
    ------
    ValueError
        Unless they are at least two, of so many channels, not empty, and finite.
    """
    batch = np.array(images, dtype=np.float32)
    if batch.ndim != 4 or len(batch) < 2 or batch.shape[1] != channels or not batch.size:
        raise ValueError(
            f"images: expected shape (n >= 2, {channels}, height, width), got {batch.shape}"
        )
    if not np.isfinite(batch).all():
        raise ValueError("images: expected finite values, got NaN or infinity")
    batch.flags.writeable = False
    return batch


def halved(images: Images) -> Images:
    """Scale images to half their height and width by means over squares of four pixels.

    Parameters
    ----------
    images : ndarray of float32, shape (n, channels, height, width)
        The last row or column of an odd size is left out.

    Examples
    --------
    >>> halved(np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4))[0, 0].tolist()
    [[2.5, 4.5], [10.5, 12.5]]
    """
    n, channels, height, width = images.shape
    even = images[:, :, : height // 2 * 2, : width // 2 * 2]
    squares = even.reshape(n, channels, height // 2, 2, width // 2, 2)
    half: Images = squares.mean(axis=(3, 5), dtype=np.float32)
    return half
