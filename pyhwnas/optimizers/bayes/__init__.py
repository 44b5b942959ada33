"""Bayesian optimisation with BoTorch's acquisitions."""

from pyhwnas.optimizers.bayes.bayes import Bayes

__all__ = ["Bayes"]
