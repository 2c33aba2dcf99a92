"""Our study on a corpus of real networks: missing links and greedy routing."""

from analysis.corpus.exhibits import exhibits

__all__ = ["exhibits"]
