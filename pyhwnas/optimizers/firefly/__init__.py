"""The firefly family: rows that move towards better ones."""

from pyhwnas.optimizers.firefly.fa import FA
from pyhwnas.optimizers.firefly.ifa import IFA
from pyhwnas.optimizers.firefly.pf_ifa import PFIFA
from pyhwnas.optimizers.firefly.rb_ifa import RBIFA

__all__ = ["FA", "IFA", "PFIFA", "RBIFA"]
