"""Causes as tested hypotheses: predictions compared, interventions run, changes of the code tried."""

from gradcheck.diagnose.diagnose import diagnose, diagnose_all

__all__ = ["diagnose", "diagnose_all"]
