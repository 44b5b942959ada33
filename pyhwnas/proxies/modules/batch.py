"""Images and labels as the tensors that a borrowed module takes, and its loss on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pyhwnas._optional import require

if TYPE_CHECKING:
    from torch import Tensor

    from pyhwnas.proxies.modules.borrow import Borrowed

__all__ = ["as_images", "as_labels", "cross_entropy"]


def as_images(images: Tensor | npt.ArrayLike, model: Borrowed, *, at_least: int = 1) -> Tensor:
    """Return images as a tensor of the module's dtype on its device.

    Raises
    ------
    ValueError
        If they are too few, have no axis beside the first, or are not finite.
    """
    torch = require("torch", extra="torch")
    given: Any = images if isinstance(images, torch.Tensor) else np.array(images)
    if given.ndim < 2 or len(given) < at_least:
        raise ValueError(
            f"images: expected (n >= {at_least}, channels, height, width), got {tuple(given.shape)}"
        )
    tensor: Tensor = torch.as_tensor(given).detach().to(model.like)
    if not bool(torch.isfinite(tensor).all()):
        raise ValueError("images: expected finite values, got NaN or infinity")
    return tensor


def as_labels(labels: Tensor | npt.ArrayLike, images: Tensor) -> Tensor:
    """Return labels as a tensor of int64 beside their images.

    Raises
    ------
    ValueError
        If there is not one integer for each image, or one is negative.
    """
    torch = require("torch", extra="torch")
    given: Any = labels if isinstance(labels, torch.Tensor) else np.array(labels)
    tensor: Tensor = torch.as_tensor(given)
    if tensor.shape != (len(images),) or tensor.is_floating_point() or tensor.is_complex():
        raise ValueError(
            f"labels: expected {len(images)} integers, one for each image, got {tensor.dtype} of "
            f"shape {tuple(tensor.shape)}"
        )
    if int(tensor.min()) < 0:
        raise ValueError(f"labels: expected class numbers from 0, got {int(tensor.min())}")
    return tensor.to(images.device, torch.int64)


def cross_entropy(model: Borrowed, images: Tensor, labels: Tensor) -> Tensor:
    """Run a module and return its mean cross entropy.

    Raises
    ------
    ValueError
        If its output is not (n, classes) or has fewer classes than the labels.
    """
    torch = require("torch", extra="torch")
    logits = model(images)
    if logits.ndim != 2 or len(logits) != len(images):
        raise ValueError(
            f"model: expected logits of shape ({len(images)}, classes), got {tuple(logits.shape)}"
        )
    if int(labels.max()) >= logits.shape[1]:
        raise ValueError(
            f"labels: expected 0 to {logits.shape[1] - 1}, the classes of the model, got "
            f"{int(labels.max())}"
        )
    loss: Tensor = torch.nn.functional.cross_entropy(logits, labels)
    return loss
