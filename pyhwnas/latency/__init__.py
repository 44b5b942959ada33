"""How long networks take on a device: tables of measured units, and whole networks timed."""

from pyhwnas.latency.backends import LatencyBackend
from pyhwnas.latency.device import Fingerprint, fingerprint
from pyhwnas.latency.measuring.encoding import Step
from pyhwnas.latency.measuring.host import Host, Local
from pyhwnas.latency.measuring.measure import Progress, measure_networks
from pyhwnas.latency.measuring.readings import Measurement, Settings
from pyhwnas.latency.measuring.ssh import Ssh
from pyhwnas.latency.profile import profile
from pyhwnas.latency.tables.compare import TableComparison, compare_tables
from pyhwnas.latency.tables.entry import Entry
from pyhwnas.latency.tables.figure import draw_comparison, draw_table
from pyhwnas.latency.tables.find import find_table, find_tables, user_folder
from pyhwnas.latency.tables.interpolate import interpolate
from pyhwnas.latency.tables.merge import merge
from pyhwnas.latency.tables.spreadsheet import foreign_table, named_device, read_csv, write_csv
from pyhwnas.latency.tables.table import LatencyTable
from pyhwnas.latency.tables.validate import Finding, admission, validate

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
