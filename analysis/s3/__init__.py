"""S3 (the sparsity index I(W)): its worked vectors, its properties, and its claims, checked."""

from analysis.s3.study import exhibits

__all__ = ["exhibits"]
