"""NASWOT: how well the rectifiers of an untrained network tell a batch of images apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from pyhwnas.networks import Activation, Network, Unit
from pyhwnas.proxies.codes import SignCodes
from pyhwnas.proxies.sign_score import SIGN_KEEPING, SignReading, SignScore

__all__ = ["NASWOT", "naswot"]

Tensor = npt.NDArray[np.float32]


def rectifier_counts(unit: Unit) -> list[int]:
    """Count for each value how many rectifiers read it: their outputs are positive where it is."""
    counts = [0] * len(unit.shapes)
    for node in unit.nodes:
        if isinstance(node.op, Activation) and node.op.kind in SIGN_KEEPING:
            counts[node.inputs[0]] += 1
    return counts


READING = SignReading(rectifier_counts, SignCodes, SignCodes.naswot, pairs=True)


def naswot(network: Network, images: Tensor, *, seed: int = 0) -> float:
    """Compute NASWOT's score of one network; see `NASWOT`.

    Parameters
    ----------
    network : Network
    images : ndarray of float32, shape (n, channels, height, width)
        At least two images, of any size that the network takes.
    seed : int
        Seed of the weights.

    Returns
    -------
    float
        ``ln |det K|``, higher is better.

    Examples
    --------
    >>> from pyhwnas import networks, spaces
    >>> network = networks.build(spaces.NASBench201(resolution=8), [3, 1, 0, 2, 0, 1])
    >>> images = np.random.default_rng(0).standard_normal((4, 3, 8, 8), dtype=np.float32)
    >>> round(naswot(network, images))
    36
    """
    return READING.of_network(network, images, seed)


@dataclass(frozen=True, eq=False)
class NASWOT(SignScore):
    """NASWOT (second version: the logarithm of a determinant) as an objective.

    A code has one bit for each output of a rectifier: ReLU, ReLU6, h-swish, SiLU and GELU, set
    where the output is positive. ``K_ij`` is the number of bits in which images i and j agree, and
    the score is ``ln |det K|``. The network has He-normal weights, shared between networks by
    slot, and batch normalisation uses the statistics of the batch.

    Parameters
    ----------
    space : Space
        A space with a plan.
    images : ndarray of float32, shape (n_images, channels, height, width)
        At least two images. Every network sees them at this size, whatever resolution its genes
        say. See `proxies.images`.
    seed : int
        Seed of the weights.
    threads : int
        Rows are shared among that many threads; scores are the same for any number.
    device : str
        ``"cpu"``, or ``"cuda"`` or ``"cuda:N"`` to run hundreds of networks at once in torch.
        Scores of the two agree up to bits of numbers within rounding of zero.
    precision : {"float32", "bfloat16"}
        Of values and weights on a GPU.
    live : bool
        Leave out what lies on no path from the input to the output, as the authors do (gradients
        do not reach it). Columns that others have published count rows as they are written.

    Notes
    -----
    Higher is better. Minus infinity where no rectifier is active: no path leads from input to
    output, or two images have one code. As in the published code, every rectifier counts, also
    several that read one tensor; sigmoid and its hard form are gates, whose outputs do not change
    sign, and do not count. What reads nothing but zeros, in a row as written, does not count
    either: it adds one constant to all entries of K.

    On 200 random networks of NAS-Bench-201 and 64 CIFAR-10 images, the Spearman correlation with
    test accuracy is .827 for live rows, and .806 for rows as written; with the column that
    FreeREA has published it is .954 and .997. `reference` and `fast` are settings whose loss is
    known.

    References
    ----------
    Mellor et al., 2021, https://doi.org/10.48550/arXiv.2006.04647

    Examples
    --------
    >>> from pyhwnas import spaces
    >>> space = spaces.NASBench201(resolution=8)
    >>> images = np.random.default_rng(0).standard_normal((4, 3, 8, 8), dtype=np.float32)
    >>> NASWOT(space, images)(np.array([[3, 1, 0, 2, 0, 1], [0, 0, 0, 0, 0, 0]])).round()
    array([ 36., -inf])
    """

    live: bool = field(default=True, kw_only=True)
    name: ClassVar[str] = "naswot"
    reading: ClassVar[SignReading[SignCodes]] = READING
    unit: ClassVar[str] = "ln"
    without_path: ClassVar[float] = -np.inf

    def _ids(self, X: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        return self.space.unit_ids(X, live=self.live)
