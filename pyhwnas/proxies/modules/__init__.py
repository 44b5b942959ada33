"""Scores of any ``torch.nn.Module``, and of a space's networks as modules.

A module comes back as it was: weights, buffers, gradients, modes, hooks, methods.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pyhwnas.proxies.modules.codes import icd, naswot
from pyhwnas.proxies.modules.gradients import (
    fisher,
    grad_norm,
    gradient_scores,
    plain,
    snip,
)
from pyhwnas.proxies.modules.grasp import grasp
from pyhwnas.proxies.modules.jacob_cov import jacob_cov
from pyhwnas.proxies.modules.measure import Measure
from pyhwnas.proxies.modules.objective import ModuleScore, together
from pyhwnas.proxies.modules.sizes import l2_norm, macs, params
from pyhwnas.proxies.modules.synflow import log_synflow, synflow
from pyhwnas.proxies.modules.zen import zen
from pyhwnas.proxies.modules.zico import zico

__all__ = [
    "MEASURES",
    "Measure",
    "ModuleScore",
    "fisher",
    "grad_norm",
    "gradient_scores",
    "grasp",
    "icd",
    "jacob_cov",
    "l2_norm",
    "log_synflow",
    "macs",
    "naswot",
    "params",
    "plain",
    "snip",
    "synflow",
    "together",
    "zen",
    "zico",
]

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        measure.name: measure
        for measure in (
            Measure("snip", snip, "labels"),
            Measure("grasp", grasp, "labels"),
            Measure("fisher", fisher, "labels"),
            Measure("grad_norm", grad_norm, "labels"),
            Measure("plain", plain, "labels"),
            Measure("l2_norm", l2_norm, "weights"),
            Measure("jacob_cov", jacob_cov, "images"),
            Measure("zen", zen, "shape"),
            Measure("zico", zico, "labels"),
            Measure("log_synflow", log_synflow, "shape"),
        )
    }
)
"""The field's scores that a space has no faster reading for, by the names of their columns."""
