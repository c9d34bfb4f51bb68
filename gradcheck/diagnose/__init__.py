"""Causes as tested hypotheses: predictions compared, inputs varied, changes of the code tried."""

from gradcheck.diagnose.facade import diagnose, diagnose_all
from gradcheck.diagnose.reinterpret import reinterpret

__all__ = ["diagnose", "diagnose_all", "reinterpret"]
