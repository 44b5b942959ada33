"""The kernels inside other people's tools: pymoo, DEAP, BoTorch and Optuna, one module for each.

A module imports its neighbour when a function of it is called, and says what to install where it
is missing.
"""

from __future__ import annotations

__all__ = ["botorch", "deap", "optuna", "pymoo"]
