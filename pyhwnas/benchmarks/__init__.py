"""Tabular problems: published numbers as objectives, their true fronts, and named problems.

Files are the user's: by path, or in the folder that the environment variable ``PYHWNAS_DATA``
names. Nothing is downloaded.
"""

from pyhwnas.benchmarks.convert import convert
from pyhwnas.benchmarks.fbnet import FBNetCost, FBNetMeasured
from pyhwnas.benchmarks.finite import Finite, Front, Tabular
from pyhwnas.benchmarks.latency_tables import TableLatency
from pyhwnas.benchmarks.nasbench101 import ECNAS, SmallCells
from pyhwnas.benchmarks.nasbench201 import NASBench201
from pyhwnas.benchmarks.nasbench301 import NASBench301
from pyhwnas.benchmarks.predictor import PredictedError
from pyhwnas.benchmarks.problems import PROBLEMS, Standardised, best_hypervolume, problem
from pyhwnas.benchmarks.published import PUBLISHED_TABLES, published_table, yaml_table
from pyhwnas.benchmarks.sources import SOURCES, Source
from pyhwnas.benchmarks.tables import Table, find

__all__ = [
    "ECNAS",
    "PROBLEMS",
    "PUBLISHED_TABLES",
    "SOURCES",
    "FBNetCost",
    "FBNetMeasured",
    "Finite",
    "Front",
    "NASBench201",
    "NASBench301",
    "PredictedError",
    "SmallCells",
    "Source",
    "Standardised",
    "Table",
    "TableLatency",
    "Tabular",
    "best_hypervolume",
    "convert",
    "find",
    "problem",
    "published_table",
    "yaml_table",
]
