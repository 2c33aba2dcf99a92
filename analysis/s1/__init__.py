"""S1 (conversion of CHT networks): Figure 3, on digits."""

from analysis.s1.figure3 import exhibits

__all__ = ["exhibits"]
