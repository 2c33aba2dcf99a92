"""Losses of class scores [B, classes] for labels int64 [B], averaged over the batch.

With y the one-hot label, C classes and the label smoothing e, targets are (1 - e) y + e / C:

    mse             squared distance of scores and targets, averaged over samples and classes
    cross_entropy   - sum over classes of target times log softmax of the scores

A loss is a function (scores, labels) that returns a tensor with one number. If it has the keyword
label_smoothing, recipes may set that. Register your own with netsci.train.LOSSES.register(name, function).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def mse(scores: Tensor, labels: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Return the mean squared distance of the scores from the one-hot labels."""
    from torch.nn.functional import mse_loss, one_hot

    target = one_hot(labels, scores.shape[1]).to(scores.dtype)
    if label_smoothing:
        target = (1.0 - label_smoothing) * target + label_smoothing / scores.shape[1]
    return mse_loss(scores, target)
