"""The report of a run: one HTML page that works offline, tables as CSV, plots as PNG."""

from pyhwnas.report.content import Choice
from pyhwnas.report.write import write_report

__all__ = ["Choice", "write_report"]
