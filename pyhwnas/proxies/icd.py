"""ICD: how far apart an untrained network keeps a handful of images.

Every layer turns an image into signs. Intra-cluster distance is the mean distance of the images'
sign vectors from their centre.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from pyhwnas.networks import (
    Activation,
    AvgPool,
    BatchNorm,
    ChannelConv,
    Conv,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Network,
    Unit,
)
from pyhwnas.proxies.codes import SignCounts
from pyhwnas.proxies.forward import Forward
from pyhwnas.proxies.sign_score import SIGN_KEEPING, SignReading, SignScore
from pyhwnas.proxies.torch_forward import TorchForward

__all__ = ["ICD", "icd"]

Tensor = npt.NDArray[np.float32]


def reader_counts(unit: Unit) -> list[int]:
    """Count for each value how many operations read its signs.

    An activation that keeps signs has the bits of its input, so its readers count there.
    """
    counts = [0] * len(unit.shapes)
    bits_of = list(range(len(unit.shapes)))
    for number, node in enumerate(unit.nodes, len(unit.inputs)):
        source = node.inputs[0]
        match node.op:
            case Activation(kind=kind):
                counts[bits_of[source]] += 1
                if kind in SIGN_KEEPING:
                    bits_of[number] = bits_of[source]
            case (
                Conv()
                | Linear()
                | ChannelConv()
                | BatchNorm()
                | MaxPool()
                | AvgPool()
                | GlobalAvgPool()
            ):
                counts[bits_of[source]] += 1
    return counts


READING = SignReading(reader_counts, SignCounts, SignCounts.icd, pairs=False)


def icd(network: Network, images: Tensor, *, seed: int = 0) -> float:
    """Compute the intra-cluster distance of one network; see `ICD`.

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
        Mean distance of the codes from their centre, higher is better.

    Examples
    --------
    >>> from pyhwnas import networks, spaces
    >>> network = networks.build(spaces.NASBench201(resolution=8), [3, 1, 0, 2, 0, 1])
    >>> images = np.random.default_rng(0).standard_normal((4, 3, 8, 8), dtype=np.float32)
    >>> round(icd(network, images))
    81
    """
    return READING.of_network(network, images, seed)


@dataclass(frozen=True, eq=False)
class ICD(SignScore):
    """Intra-cluster distance of sign codes on a fixed batch of images, as an objective.

    A code has one bit (value > 0) for every element that enters a convolution, linear layer,
    batch normalisation, activation or pooling, once for each of them. The network has He-normal
    weights, shared between networks by slot, and batch normalisation uses the statistics of the
    batch.

    Parameters
    ----------
    space : Space
        A space with a plan.
    images : ndarray of float32, shape (n_images, channels, height, width)
        At least two images. Every network sees them at this size, whatever resolution its genes
        say, since the distance grows with the number of elements. See `proxies.images`.
    seed : int
        Seed of the weights.
    threads : int
        Rows are shared among that many threads; scores are the same for any number.
    device : str
        ``"cpu"``, or ``"cuda"`` or ``"cuda:N"`` to run hundreds of networks at once in torch.
        Scores of the two agree up to bits of numbers within rounding of zero.
    precision : {"float32", "bfloat16"}
        Of values and weights on a GPU.
    reference_containers : bool
        Count as the authors' code does, whose hooks sit on modules that hold others as well: also
        what enters the network, each cell or stage, and each unit that is not a join, identities
        among them; twice where it has several operations, which are a sequence inside a module.

    Notes
    -----
    Higher is better. The score is NaN where no path leads from input to output. Sums over bits
    are exact integers; see `SignCounts.icd`.

    The authors take 100 images with values 0 to 255 and state a Spearman correlation with test
    accuracy on NAS-Bench-201 of .63. With such images and with containers it is .56 on 1 000
    random networks (standard error .02); samples of a few hundred differ by more than settings
    do. `reference` and `fast` are settings whose loss is known.

    References
    ----------
    Mokhtari et al., 2022, https://doi.org/10.1109/IJCNN55064.2022.9892956

    Examples
    --------
    >>> from pyhwnas import spaces
    >>> space = spaces.NASBench201(resolution=8)
    >>> images = np.random.default_rng(0).standard_normal((4, 3, 8, 8), dtype=np.float32)
    >>> ICD(space, images)(np.array([[3, 1, 0, 2, 0, 1]])).shape
    (1,)
    """

    reference_containers: bool = field(default=False, kw_only=True)
    name: ClassVar[str] = "icd"
    reading: ClassVar[SignReading[SignCounts]] = READING
    without_path: ClassVar[float] = np.nan

    def _set_up(self) -> Forward | TorchForward:
        return self._forward_for(containers=self.reference_containers)
