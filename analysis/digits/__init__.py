"""Our study on digits: one dense, one random and one evolving MLP, seen as networks."""

from analysis.digits.study import exhibits

__all__ = ["exhibits"]
