"""Scores of untrained networks."""

from pyhwnas.proxies.codes import SignCodes
from pyhwnas.proxies.icd import ICD, icd
from pyhwnas.proxies.images import halved, image_labels, load_images, sample_images
from pyhwnas.proxies.naswot import NASWOT, naswot
from pyhwnas.proxies.synflow import Synflow, synflow
from pyhwnas.proxies.synflow_expected import SynflowExpected, is_exact, synflow_expected

__all__ = [
    "ICD",
    "NASWOT",
    "SignCodes",
    "Synflow",
    "SynflowExpected",
    "halved",
    "icd",
    "image_labels",
    "is_exact",
    "load_images",
    "naswot",
    "sample_images",
    "synflow",
    "synflow_expected",
]
