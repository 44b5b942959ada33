"""The main job: profile the device, search, report, export and verify, in one folder."""

from pyhwnas.pipeline.folder import STORE
from pyhwnas.pipeline.outcome import Outcome
from pyhwnas.pipeline.progress import Advance, Progress
from pyhwnas.pipeline.run import Run
from pyhwnas.pipeline.tables import Sources, make_table

__all__ = ["STORE", "Advance", "Outcome", "Progress", "Run", "Sources", "make_table"]
