"""MSuNAS: surrogates say what an inner search proposes."""

from pyhwnas.optimizers.msunas.msunas import MSuNAS

__all__ = ["MSuNAS"]
