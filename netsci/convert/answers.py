"""The answers of a running network, from outputs that come window by window."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Counts = NDArray[np.int64]


class Answers:
    """How many answers are right, and how many change, after each of T steps, over all images so far.

    The answer after t steps is the class with the largest sum of outputs up to t, the lowest of equal ones.
    correct, changed : int64 [T]; changed counts images whose answer is another than a step before. right :
    bool [images], which answers are right after all steps, of images with labels.

    Examples
    --------
    >>> import torch
    >>> found = Answers(2)
    >>> found.see([torch.tensor([[[0.0, 0.0]]]), torch.tensor([[[0.0, 1.0]]])], np.array([1])).tolist()
    [[0], [1]]
    >>> found.correct.tolist(), found.changed.tolist()
    ([0, 1], [0, 1])
    """

    def __init__(self, steps: int) -> None:
        self.images = 0
        self.correct, self.changed = np.zeros(steps, np.int64), np.zeros(steps, np.int64)
        self._right: list[NDArray[np.bool_]] = []

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which answers are right after all steps, bool [images]."""
        return np.concatenate([np.zeros(0, bool), *self._right])

    def see(self, windows: Iterable[Tensor], labels: Counts | None = None) -> Counts:
        """Return the answers int64 [T, images] of outputs [steps of a window, images, classes...]."""
        found: list[Counts] = []
        sums: NDArray[np.float64] | None = None
        first = 0
        for outputs in windows:
            scores = split_classes(outputs).double().cpu().numpy()
            if sums is not None:
                scores[0] += sums
            scores = np.cumsum(scores, axis=0)
            sums = scores[-1]
            answers: Counts = scores.argmax(axis=2).astype(np.int64)
            self._count(answers, found[-1][-1:] if found else answers[:1], first, labels)
            found.append(answers)
            first += len(answers)
        every = np.concatenate(found)
        self.images += every.shape[1]
        if labels is not None:
            self._right.append(every[-1] == labels)
        return every

    def _count(self, answers: Counts, before: Counts, first: int, labels: Counts | None) -> None:
        """Count the answers of a window; before is the answer of the step before, [1, images]."""
        now = slice(first, first + len(answers))
        self.changed[now] += (answers != np.concatenate([before, answers[:-1]])).sum(axis=1)
        if labels is not None:
            self.correct[now] += (answers == labels).sum(axis=1)


def split_classes(outputs: Tensor) -> Tensor:
    """Return outputs [steps, images, ...] as [steps, images, classes].

    Examples
    --------
    >>> import torch
    >>> split_classes(torch.zeros(4, 2)).shape, split_classes(torch.zeros(4, 2, 3, 5)).shape
    (torch.Size([4, 2, 1]), torch.Size([4, 2, 15]))
    """
    return outputs.unsqueeze(2) if outputs.ndim == 2 else outputs.flatten(2)
