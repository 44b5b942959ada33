"""Search spaces: genes, their canonical form, and the units they pick."""

from pyhwnas.spaces.base import (
    Gene,
    PlainSpace,
    Space,
    as_genotypes,
    distance,
    neighbours,
    one_hot,
    row_hash,
    sample,
    sizes,
)
from pyhwnas.spaces.mobilenetv3 import MobileNetV3
from pyhwnas.spaces.nasbench101 import NASBench101
from pyhwnas.spaces.nasbench201 import NASBench201

__all__ = [
    "Gene",
    "MobileNetV3",
    "NASBench101",
    "NASBench201",
    "PlainSpace",
    "Space",
    "as_genotypes",
    "distance",
    "neighbours",
    "one_hot",
    "row_hash",
    "sample",
    "sizes",
]
