"""Scores of many networks in one file, and how well they order published accuracies."""

from pyhwnas.scores.correlate import (
    BENCHMARKS,
    Correlation,
    Correlations,
    correlations,
    published,
)
from pyhwnas.scores.figure import draw
from pyhwnas.scores.files import ScoreTable, read_scores
from pyhwnas.scores.journal import Scored
from pyhwnas.scores.networks import drawn, every, listed
from pyhwnas.scores.score import score

__all__ = [
    "BENCHMARKS",
    "Correlation",
    "Correlations",
    "ScoreTable",
    "Scored",
    "correlations",
    "draw",
    "drawn",
    "every",
    "listed",
    "published",
    "read_scores",
    "score",
]
