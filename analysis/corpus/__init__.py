"""Our study on a corpus of real networks: missing links and greedy routing."""

from analysis.corpus.study import exhibits

__all__ = ["exhibits"]
