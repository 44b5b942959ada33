"""ICD and NASWOT of a user's module: the signs of what enters its layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from pyhwnas._optional import require
from pyhwnas.proxies.codes import SignCodes, SignCounts
from pyhwnas.proxies.modules.batch import as_images
from pyhwnas.proxies.modules.borrow import Borrowed, borrowed

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

__all__ = ["icd", "naswot"]


def icd(
    model: Module,
    images: Tensor | npt.ArrayLike,
    *,
    reference_containers: bool = False,
    seed: int = 0,
    threads: int = 1,
) -> float:
    """Compute the intra-cluster distance of a module's sign codes.

    Parameters
    ----------
    model : torch.nn.Module
        Takes the images; comes back as it was.
    images : array_like or torch.Tensor of float, shape (n >= 2, channels, height, width)
    reference_containers : bool
        Take the codes where the published code does: one bit for every element of the first input
        of every ``torch.nn.Module``, containers and the model itself included.
    seed : int
        Of whatever the module draws, for dropout say.
    threads : int
        Threads that count bits; the score is the same for any number.

    Returns
    -------
    float
        Mean over images of the Euclidean distance between a code and the mean code; higher is
        better.

    Raises
    ------
    EvaluationError
        If the module's forward fails.
    ValueError
        If the images do not fit or a weight is not finite.

    Notes
    -----
    A code has one bit (value > 0) for every element that enters a convolution, linear layer, batch
    normalisation, activation or pooling, once for each of them, whether it is called as a module
    or as a function. Training mode, without gradients; bits are counted layer by layer and let
    go. Equal to `proxies.icd` for a network with the same weights, up to bits of numbers within
    rounding of zero.

    References
    ----------
    Mokhtari et al., 2022, https://doi.org/10.1109/IJCNN55064.2022.9892956
    """
    torch = require("torch", extra="torch")
    with borrowed(model, training=True, seed=seed) as module, torch.no_grad():
        x = as_images(images, module, at_least=2)
        codes = SignCounts(len(x), threads=threads)

        def add(values: Any) -> None:
            codes.add(_signed(torch, values, len(x)))

        with _at_modules(torch, module, add) if reference_containers else _at_layers(add):
            module(x)
    return codes.icd()


def naswot(
    model: Module, images: Tensor | npt.ArrayLike, *, seed: int = 0, threads: int = 1
) -> float:
    """Compute NASWOT's score of a module: ``ln |det K|`` of its rectifiers' codes.

    Parameters
    ----------
    model : torch.nn.Module
        Takes the images; comes back as it was.
    images : array_like or torch.Tensor of float, shape (n >= 2, channels, height, width)
    seed : int
        Of whatever the module draws, for dropout say.
    threads : int
        Threads that compare bits; the score is the same for any number.

    Returns
    -------
    float
        Higher is better; -inf where two images have one code, as without an active rectifier.

    Raises
    ------
    EvaluationError
        If the module's forward fails.
    ValueError
        If the images do not fit or a weight is not finite.

    Notes
    -----
    ``K_ij`` is the number of bits in which images i and j agree, a bit for every element that
    enters a rectifier (ReLU, ReLU6, leaky and parametric ReLU, ELU, h-swish, SiLU, GELU, Mish),
    module or function, set where it is positive. Training mode, without gradients. Rectifiers that
    gradients do not reach count too, unlike in the published code.

    References
    ----------
    Mellor et al., 2021, https://doi.org/10.48550/arXiv.2006.04647
    """
    torch = require("torch", extra="torch")
    with borrowed(model, training=True, seed=seed) as module, torch.no_grad():
        x = as_images(images, module, at_least=2)
        codes = SignCodes(len(x), threads=threads)
        with _at_layers(lambda values: codes.add(_signed(torch, values, len(x))), rectifiers=True):
            module(x)
    return codes.naswot()


@contextmanager
def _at_layers(add: Callable[[Any], None], *, rectifiers: bool = False) -> Iterator[None]:
    """Hand over what enters layers, or rectifiers alone."""
    from pyhwnas.proxies.modules.watch import Watch, enters_a_layer, enters_a_rectifier

    entering = enters_a_rectifier if rectifiers else enters_a_layer

    def see(operation: Any, arguments: tuple[Any, ...]) -> None:
        values = entering(operation, arguments)
        if values is not None:
            add(values)

    with Watch(see):
        yield


@contextmanager
def _at_modules(torch: Any, model: Borrowed, add: Callable[[Any], None]) -> Iterator[None]:
    """Hand over the first input of every module."""

    def see(_: Module, inputs: tuple[Any, ...], output: Any) -> None:
        if inputs and isinstance(inputs[0], torch.Tensor):
            add(inputs[0])

    handles = [part.register_forward_hook(see) for part in model.module.modules()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _signed(torch: Any, values: Tensor, n: int) -> npt.NDArray[Any]:
    """Return an array of float32 with the signs of the values, one row for each of n images.

    What has more rows, such as the positions that a linear layer folds into them, has those of an
    image side by side.
    """
    if values.dtype != torch.float32:
        values = values > 0  # tiny numbers would vanish in float32
    if len(values) % n:
        raise ValueError(f"a layer sees {len(values)} rows of {n} images: expected a multiple")
    array: npt.NDArray[Any] = values.reshape(n, -1).to("cpu", torch.float32).numpy()
    return array
