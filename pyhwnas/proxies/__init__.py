"""Scores of untrained networks."""

from pyhwnas.proxies.icd import ICD, icd
from pyhwnas.proxies.images import load_images, sample_images
from pyhwnas.proxies.synflow import SynflowExpected, is_exact, synflow_expected

__all__ = [
    "ICD",
    "SynflowExpected",
    "icd",
    "is_exact",
    "load_images",
    "sample_images",
    "synflow_expected",
]
