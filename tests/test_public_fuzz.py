"""Every public function with one wrong argument: it computes, or says in its own words what is wrong.

Deterministic, two minutes on one core. An error is its own if the function raised it, with a `raise` in this
package: what numpy, scipy or Python say of a wrong argument does not name it.
"""

from __future__ import annotations

import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netsci.io
from netsci.data import registry
from tests.public_calls import (
    arguments,
    constructors,
    options_of,
    parameters_of,
    public_classes,
    public_functions,
)
from tests.public_examples import CLASSES, OTHERS, RESULTS
from tests.wrong_values import WRONG

PACKAGE = str(Path(netsci.__file__).parent)
SECONDS = 10.0  # of the processor; no call may take longer
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
FUNCTIONS = {**public_functions(), **constructors()}


class Late(BaseException):
    """A call that takes too long."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Stop after so many seconds of the processor, or many more by the clock: other work may delay a call."""

    def stop(*_: Any) -> None:
        raise Late

    timers = {
        signal.SIGPROF: (signal.ITIMER_PROF, seconds),
        signal.SIGALRM: (signal.ITIMER_REAL, 10 * seconds),
    }
    before = {number: signal.signal(number, stop) for number in timers}
    try:
        for timer, limit in timers.values():
            signal.setitimer(timer, limit)
        yield
    finally:
        for number, (timer, _) in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])


def find_fault(function: Callable[..., Any], given: dict[str, Any], seconds: float = SECONDS) -> str:
    """Call a function; return what is wrong with how it ends, "" if nothing is."""
    before = set(Path().rglob("*"))
    try:
        with limited(seconds):
            found = function(**given)
            if hasattr(found, "__next__"):
                next(found, None)
            if hasattr(found, "_recreate_cm"):  # a context manager made of a generator runs when entered
                with found:
                    pass
    except Late:
        return f"takes longer than {seconds:g} s"
    except (TypeError, ValueError, IndexError, OSError, RuntimeError) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        own = last.filename.startswith(PACKAGE) and (last.line or "").lstrip().startswith("raise")
        if not own:
            return f"{type(error).__name__}: {str(error)[:80]!r} from {last.filename}:{last.lineno}"
        left = sorted(map(str, set(Path().rglob("*")) - before))
        return f"leaves {', '.join(left)}" if left else ""
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {str(error)[:80]!r} from {last.filename}:{last.lineno}"
    return ""


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@pytest.mark.filterwarnings("ignore")
def test_one_wrong_argument(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    short, function = name.partition(".")[2], FUNCTIONS[name]
    legal = arguments(name, function)
    assert legal is not None, f"{name} has no legal call: add it to tests/public_examples.py"
    assert find_fault(function, legal, 120.0) == ""  # compiles what is not compiled yet
    faults = []
    for number, parameter in enumerate(parameters_of(function)):
        chosen = list(WRONG.items())
        few = 12 if name == "report.report" else 4 if short in SLOW else 1
        for what, make in chosen[number % few :: few]:
            given = arguments(name, function) or {}
            given[parameter] = make()
            np.random.seed(0)  # noqa: NPY002 - what a function must not use
            if fault := find_fault(function, given):
                faults.append(f"{parameter} = {what}: {fault}")
    assert faults == []


@pytest.mark.parametrize("name", sorted(name for name, one in FUNCTIONS.items() if options_of(one)))
@pytest.mark.filterwarnings("ignore")
def test_one_wrong_option(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    faults, function, chosen = [], FUNCTIONS[name], list(WRONG.items())
    few = 12 if name.startswith("view.") else 3  # they hand their options on, and draw whole networks
    for number, option in enumerate(options_of(function)):
        for what, make in chosen[number % few :: few]:
            given = {**(arguments(name, function) or {}), option: make()}
            if fault := find_fault(function, given):
                faults.append(f"{option} = {what}: {fault}")
    assert faults == []


def test_every_public_class_is_called_or_named() -> None:
    called = {".".join(name.split(".")[:2]) for name in CLASSES}
    assert set(public_classes()) == called | set(RESULTS.split()) | set(OTHERS.split())


def test_a_raw_error_and_a_late_call_are_found() -> None:
    assert "TypeError" in find_fault(lambda x: len(x), {"x": 3})
    assert "AttributeError" in find_fault(lambda x: x.nothing, {"x": 3})
    assert find_fault(lambda x: x, {"x": 3}) == ""
    assert "longer than 0.02 s" in find_fault(lambda x: sum(range(x)), {"x": 10**9}, 0.02)
    assert "longer than 0.02 s" in find_fault(lambda x: threading.Event().wait(x), {"x": 20.0}, 0.02)


def test_what_an_error_leaves_behind_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def half(path: str) -> None:
        Path("half.csv").touch()
        netsci.io.write_graph(None, path)

    assert find_fault(half, {"path": "x.gml"}) == "leaves half.csv"
