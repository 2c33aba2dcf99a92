"""What a method of pruning after training is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from netsci.arguments import check_callable, check_choice, check_flag

Score = Callable[[NDArray[Any], NDArray[Any] | None], NDArray[Any]]
PER = ("layer", "output")
READS = ("nothing", "moments", "hessian")


@dataclass(frozen=True)
class PruneMethod:
    """How a method scores links and what it needs; one line in `netsci.prune.METHODS` makes it a choice.

    score : function (weight [pre, post], moments [pre] or None) -> scores [pre, post]; the smallest
        go. None: SparseGPT's own, which changes while weights are updated.
    per : "layer" or "output": among which links the smallest are looked for.
    reads : "nothing", "moments" or "hessian" of the inputs.
    released : the score of the released code, where that differs; compat=True takes it.
    reconstruct : whether the weights that stay make up for those that go.

    Raises
    ------
    TypeError, ValueError
        If a value is not allowed.

    Examples
    --------
    >>> PruneMethod(lambda weight, moments: abs(weight)).per
    'layer'
    """

    score: Score | None
    per: str = "layer"
    reads: str = "nothing"
    released: Score | None = None
    reconstruct: bool = False

    def __post_init__(self) -> None:
        for name, function in (("score", self.score), ("released", self.released)):
            if function is not None:
                check_callable(function, name, "a function (weight, moments) -> scores, or None")
        check_choice(self.per, PER, "per")
        check_choice(self.reads, READS, "reads")
        check_flag(self.reconstruct, "reconstruct")
        if (self.score is None or self.reconstruct) and self.reads != "hessian":
            raise ValueError(f"reads must be 'hessian' where weights are updated; got {self.reads!r}")
