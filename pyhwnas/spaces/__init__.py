"""Search spaces: genes, their canonical form, and the units they pick."""

from pyhwnas.spaces.base import (
    Gene,
    PlainSpace,
    Space,
    as_genotypes,
    distance,
    expressed,
    neighbours,
    one_hot,
    row_hash,
    sizes,
)
from pyhwnas.spaces.choices import choice_frequencies
from pyhwnas.spaces.darts import DARTS
from pyhwnas.spaces.fbnet import FBNet
from pyhwnas.spaces.hierarchical import Hierarchical
from pyhwnas.spaces.mobilenetv3 import MobileNetV3
from pyhwnas.spaces.nasbench101 import NASBench101
from pyhwnas.spaces.nasbench201 import NASBench201
from pyhwnas.spaces.nasnet import NASNet
from pyhwnas.spaces.natssize import NATSSize
from pyhwnas.spaces.sampling import sample

__all__ = [
    "DARTS",
    "FBNet",
    "Gene",
    "Hierarchical",
    "MobileNetV3",
    "NASBench101",
    "NASBench201",
    "NASNet",
    "NATSSize",
    "PlainSpace",
    "Space",
    "as_genotypes",
    "choice_frequencies",
    "distance",
    "expressed",
    "neighbours",
    "one_hot",
    "row_hash",
    "sample",
    "sizes",
]
