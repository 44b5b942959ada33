"""CIFAR-10 images for scores that need data, from the user's folder of benchmark files."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

__all__ = ["normalised", "training_images"]

MEAN = np.array([0.49139968, 0.48215827, 0.44653124])
DEVIATION = np.array([0.24703233, 0.24348505, 0.26158768])

Images = npt.NDArray[np.float32]


def training_images(n: int, seed: int) -> tuple[Images, npt.NDArray[np.int64]]:
    """Draw images with values 0 to 255, float32[n, 3, 32, 32], and their labels."""
    with np.load(Path(os.environ["PYHWNAS_DATA"]) / "cifar10_jpeg_all60k.npz") as file:
        stream, offsets, labels = (file[f"train_{key}"] for key in ("jpeg", "off", "label"))
    drawn = np.random.default_rng(seed).choice(len(labels), n, replace=False)
    pixels = [
        np.asarray(Image.open(io.BytesIO(stream[offsets[i] : offsets[i + 1]].tobytes())))
        for i in drawn
    ]
    images = np.stack(pixels).transpose(0, 3, 1, 2).astype(np.float32)
    return np.ascontiguousarray(images), labels[drawn].astype(np.int64)


def normalised(images: Images) -> Images:
    """Subtract the usual mean of each channel and divide by its deviation."""
    pixels = images.transpose(0, 2, 3, 1).astype(np.float64) / 255.0
    normal: Images = ((pixels - MEAN) / DEVIATION).transpose(0, 3, 1, 2).astype(np.float32)
    return normal
