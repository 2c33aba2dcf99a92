"""Our study on digits: one dense, one random and one evolving MLP, seen as networks."""

from analysis.digits.exhibits import exhibits

__all__ = ["exhibits"]
