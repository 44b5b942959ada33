"""How long networks take on a device: tables of measured units, and whole networks timed."""

from pyhwnas.latency.backends import LatencyBackend
from pyhwnas.latency.device import Fingerprint, fingerprint
from pyhwnas.latency.find import find_table, find_tables, user_folder
from pyhwnas.latency.measure import Progress, measure_networks
from pyhwnas.latency.profile import profile
from pyhwnas.latency.readings import Measurement, Settings
from pyhwnas.latency.table import Entry, LatencyTable

__all__ = [
    "Entry",
    "Fingerprint",
    "LatencyBackend",
    "LatencyTable",
    "Measurement",
    "Progress",
    "Settings",
    "find_table",
    "find_tables",
    "fingerprint",
    "measure_networks",
    "profile",
    "user_folder",
]
