"""Surrogates: regressions that stand in for expensive objectives."""

from __future__ import annotations

from pyhwnas.surrogates.base import Fitted, Surrogate
from pyhwnas.surrogates.cart import CART
from pyhwnas.surrogates.encoding import Encoding, encode
from pyhwnas.surrogates.gaussian_process import GaussianProcess
from pyhwnas.surrogates.kriging import Kriging
from pyhwnas.surrogates.mlp import MLP
from pyhwnas.surrogates.rbf import RBF
from pyhwnas.surrogates.switching import AdaptiveSwitching
from pyhwnas.surrogates.warped import Warped

__all__ = [
    "CART",
    "MLP",
    "RBF",
    "AdaptiveSwitching",
    "Encoding",
    "Fitted",
    "GaussianProcess",
    "Kriging",
    "Surrogate",
    "Warped",
    "encode",
]
