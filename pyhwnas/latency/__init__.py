"""How long networks take on a device: tables of measured units, and whole networks timed."""

from pyhwnas.latency.backends import LatencyBackend
from pyhwnas.latency.compare import TableComparison, compare_tables
from pyhwnas.latency.device import Fingerprint, fingerprint
from pyhwnas.latency.encoding import Step
from pyhwnas.latency.entry import Entry
from pyhwnas.latency.figure import draw_comparison, draw_table
from pyhwnas.latency.find import find_table, find_tables, user_folder
from pyhwnas.latency.host import Host, Local
from pyhwnas.latency.interpolate import interpolate
from pyhwnas.latency.measure import Progress, measure_networks
from pyhwnas.latency.merge import merge
from pyhwnas.latency.profile import profile
from pyhwnas.latency.readings import Measurement, Settings
from pyhwnas.latency.spreadsheet import foreign_table, named_device, read_csv, write_csv
from pyhwnas.latency.ssh import Ssh
from pyhwnas.latency.table import LatencyTable
from pyhwnas.latency.validate import Finding, admission, validate

__all__ = [
    "Entry",
    "Finding",
    "Fingerprint",
    "Host",
    "LatencyBackend",
    "LatencyTable",
    "Local",
    "Measurement",
    "Progress",
    "Settings",
    "Ssh",
    "Step",
    "TableComparison",
    "admission",
    "compare_tables",
    "draw_comparison",
    "draw_table",
    "find_table",
    "find_tables",
    "fingerprint",
    "foreign_table",
    "interpolate",
    "measure_networks",
    "merge",
    "named_device",
    "profile",
    "read_csv",
    "user_folder",
    "validate",
    "write_csv",
]
