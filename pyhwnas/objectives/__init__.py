"""Objectives that need no proxy: counted, predicted, measured, or a user's own."""

from pyhwnas.objectives.counts import Macs, ModelSize, Params
from pyhwnas.objectives.latency import Energy, Latency
from pyhwnas.objectives.measured import MeasuredEnergy, MeasuredLatency
from pyhwnas.objectives.memory import PeakMemory
from pyhwnas.objectives.per_network import PerNetwork

__all__ = [
    "Energy",
    "Latency",
    "Macs",
    "MeasuredEnergy",
    "MeasuredLatency",
    "ModelSize",
    "Params",
    "PeakMemory",
    "PerNetwork",
]
