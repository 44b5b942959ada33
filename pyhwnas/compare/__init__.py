"""Comparison of optimizers on one problem: runs, curves, tests, and a page that shows them."""

from pyhwnas.compare.comparison import Comparison
from pyhwnas.compare.curves import Curves, read_curves
from pyhwnas.compare.runs import run_all
from pyhwnas.compare.write import write_comparison

__all__ = ["Comparison", "Curves", "read_curves", "run_all", "write_comparison"]
