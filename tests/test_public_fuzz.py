"""Every public function with one wrong argument: it computes, or says in its own words what is wrong.

Deterministic, two minutes on one core. An error is its own if the function raised it, with a `raise` in this
package: what numpy, scipy or Python say of a wrong argument does not name it.
"""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netsci
from tests.public_calls import WRONG, arguments, public_functions

PACKAGE = str(Path(netsci.__file__).parent)
SECONDS = 10.0  # no call may take longer
# Their legal call takes long, so that only every fourth wrong value is tried, another one for each argument.
SLOW = {
    "exponent_table",
    "spikformer",
    "evolve_module",
    "conv6fc2",
    "resnet18",
    "meta_depth",
    "structure_table",
}
SLOW |= {"coalescent_embedding", "degree_exponent", "communities", "modularity", "small_worldness"}
FUNCTIONS = {f"{room}.{name}": function for room, name, function in public_functions()}
CALLED = {
    name: f for name, f in FUNCTIONS.items() if arguments(name.partition(".")[2], f, check=True) is not None
}
# Those that nobody has written a legal call for yet: a new function is called, or named here.
NOT_CALLED = """
graph.from_graphml io.load_graph io.write_graph measure.inactive_share measure.projection_sparsity_index
plot.ball plot.disk plot.measures plot.save_pdf plot.save_svg report.comparison_page report.differ
report.render report.report sparse.rewire spiking.calibrate spiking.linear_of_spikes spiking.random_feedback
spiking.record spiking.stp_gradients sweep.find_record sweep.load_record sweep.record_path sweep.run_cells
sweep.write_value train.as_data_set train.load_checkpoint train.read_epoch train.read_recipe
train.read_total train.save_checkpoint train.save_network
"""


class Late(BaseException):
    """A call that takes too long."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise Late

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def find_fault(function: Callable[..., Any], given: dict[str, Any], seconds: float = SECONDS) -> str:
    """Call a function; return what is wrong with how it ends, "" if nothing is."""
    try:
        with limited(seconds):
            found = function(**given)
            if hasattr(found, "__next__"):
                next(found, None)
    except Late:
        return f"takes longer than {seconds:g} s"
    except (TypeError, ValueError, IndexError) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        own = last.filename.startswith(PACKAGE) and (last.line or "").lstrip().startswith("raise")
        return (
            "" if own else f"{type(error).__name__}: {str(error)[:80]!r} from {last.filename}:{last.lineno}"
        )
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:80]!r}"
    return ""


@pytest.mark.parametrize("name", sorted(CALLED))
@pytest.mark.filterwarnings("ignore")
def test_one_wrong_argument(name: str) -> None:
    short, function = name.partition(".")[2], CALLED[name]
    legal = arguments(short, function)
    assert find_fault(function, legal, 120.0) == ""  # compiles what is not compiled yet
    faults = []
    for number, parameter in enumerate(legal):
        chosen = list(WRONG.items())
        for what, make in chosen[number % 4 :: 4] if short in SLOW else chosen:
            given = arguments(short, function)
            given[parameter] = make()
            np.random.seed(0)  # noqa: NPY002 - what a function must not use
            if fault := find_fault(function, given):
                faults.append(f"{parameter} = {what}: {fault}")
    assert faults == []


def test_every_public_function_is_called_or_named() -> None:
    assert set(FUNCTIONS) - set(CALLED) == set(NOT_CALLED.split())


def test_a_raw_error_and_a_late_call_are_found() -> None:
    assert "TypeError" in find_fault(lambda x: len(x), {"x": 3})
    assert "AttributeError" in find_fault(lambda x: x.nothing, {"x": 3})
    assert find_fault(lambda x: x, {"x": 3}) == ""
