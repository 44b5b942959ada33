"""LaMOO: a tree of good and bad regions, and samplers inside the best ones."""

from pyhwnas.optimizers.lamoo.lamoo import LaMOO
from pyhwnas.optimizers.lamoo.partition import Growth
from pyhwnas.optimizers.lamoo.regions import Uniform
from pyhwnas.optimizers.lamoo.screened import Screened

__all__ = ["Growth", "LaMOO", "Screened", "Uniform"]
