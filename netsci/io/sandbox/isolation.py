"""Read files in another process, under limits of memory and time.

One reader process (`netsci.io.sandbox._reader`) is started at the first load and kept. It forks a child for
each file; the child reads, is limited, and dies with whatever the file did to it. A network comes back as
numbers (`netsci.io.sandbox.transport`), never as a pickle. Without fork (Windows) files are read in this
process, and the notes say so.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netsci.io.errors import CheckpointError
from netsci.io.parse import parse
from netsci.io.sandbox.surroundings import absolute, environment, nameless_file, standard_streams_taken
from netsci.io.sandbox.transport import receive
from netsci.io.shards import total_size

if TYPE_CHECKING:
    from netsci.io.loaded import Loaded

AVAILABLE = os.name == "posix" and hasattr(os, "fork") and sys.platform not in ("emscripten", "wasi")
BASE_BYTES = 2**30  # what a file may take beside what the libraries do, however small it is
BYTES_PER_BYTE = 64  # and for each of its bytes: a line of text becomes objects
BYTES_PER_UNPACKED = 32  # and for each byte of an archive's content: a full int8 matrix takes 29
BASE_SECONDS = 60.0
BASE_CPU_SECONDS = 15.0  # of the processor: what never ends costs no more than this
SECONDS_PER_BYTE = 1e-5  # added to both; a busy machine reads XML at 0.5 MB a second

_NOT_ISOLATED = (
    "read in this process: this system cannot fork, so that neither memory nor time was limited; "
    "open files of strangers on Linux or macOS"
)
_NOT_COUNTED = "memory was not limited: this system does not say how much a process takes"
_TRUST = "if you trust it, load(path, isolate=False) reads it without limits"
_START_SECONDS = 120.0  # a cold disk and torch
_one_at_a_time = threading.Lock()
_usage = threading.local()


@dataclass(frozen=True)
class Usage:
    """What reading a file took: seconds, of the processor too, and the child's largest resident memory.

    baseline_bytes is the memory of a child that reads nothing: it shares the libraries with its reader.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    baseline_bytes: int


def load_isolated(path: Path, checksum: str, **options: Any) -> Loaded:
    """Return the network in a file, read by another process; see `netsci.io.load`.

    The child may take BASE_BYTES + BYTES_PER_BYTE x size of memory, or BYTES_PER_UNPACKED x (the size of what
    a zip archive unpacks to), no more than is free here or left in its container, BASE_SECONDS +
    SECONDS_PER_BYTE x size of time, and of the processor's time BASE_CPU_SECONDS + SECONDS_PER_BYTE x size.

    Raises
    ------
    CheckpointError
        If the file is refused, takes more memory or time than it may, or crashes its reader.
    """
    from netsci.io.loaded import Loaded

    if not AVAILABLE:
        return _read_here(path, checksum, options)
    try:
        size = total_size(path)
    except OSError as error:
        raise CheckpointError(path, "the file is gone", "check the path") from error
    seconds, cpu = (base + SECONDS_PER_BYTE * size for base in (BASE_SECONDS, BASE_CPU_SECONDS))
    limits = {"size": size, "seconds": seconds, "cpu": cpu}
    request = {"path": absolute(path), "sha256": checksum, "options": options} | limits
    line = json.dumps(request, default=float).encode("ascii") + b"\n"
    with _one_at_a_time:
        answer, reader = _ask(path, line, seconds)
        _usage.last = Usage(*(answer[key] for key in ("seconds", "cpu", "peak", "baseline")))
        with contextlib.ExitStack() as after:
            after.callback(reader.clear)
            _check_end(path, answer, seconds, cpu)
            reader.result.seek(0)
            graph, kind, notes, guesses = receive(reader.result, path)
    if answer["unlimited"]:
        notes = (*notes, _NOT_COUNTED)
    return Loaded(graph, kind, notes, path, checksum, guesses)


def _read_here(path: Path, checksum: str, options: dict[str, Any]) -> Loaded:
    try:
        loaded = parse(path, checksum, **options)
    except (CheckpointError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        raise CheckpointError(path, *explain_error(error)) from error
    return replace(loaded, notes=(*loaded.notes, _NOT_ISOLATED))


def last_usage() -> Usage | None:
    """Return what the last file read by this thread took, refused ones included; None before the first."""
    return getattr(_usage, "last", None)


def explain_error(error: BaseException, budget: int | None = None) -> tuple[str, str]:
    """Return (reason, mend) for an exception that a parser raised on a file.

    The parsers' own texts are left out, because some advise to switch safety off.
    """
    text = str(error)[:1000].lower()
    if isinstance(error, MemoryError) or "allocate memory" in text or "bad_alloc" in text:
        if budget is None:
            return "reading it needs more memory than there is", "load it on a larger machine, or split it"
        return (
            f"reading it needs more memory than {budget / 2**30:.1f} GiB, its limit",
            f"split it, or, {_TRUST}",
        )
    if isinstance(error, ImportError):
        return _explain_import(error.name or "")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "there is no room for its network", "free memory and the temporary folder, or split the file"
    return f"it is damaged or truncated ({type(error).__name__})", "fetch or save it again"


def _explain_import(name: str) -> tuple[str, str]:
    """Say which module is missing: nothing in a file is imported, so it is the installation that lacks it."""
    known = name.isascii() and name.replace(".", "_").isidentifier() and len(name) <= 100
    plain = name if known else "a module"
    package = plain.partition(".")[0]
    anew = "install netsci-suite anew (pip install --force-reinstall netsci-suite)"
    missing = known and package != "netsci"
    whole = "install what some formats need (pip install 'netsci-suite[formats,torch]')"
    return (
        f"this installation is not whole: {plain} cannot be imported, so the file is not read",
        f"{whole}, or {anew}" if missing else anew,
    )


def stop() -> None:
    """End the reader process, if one runs; the next load starts another."""
    global _reader
    reader, _reader = _reader, None
    if reader:
        reader.close()


class _Gone(Exception):
    """The reader process ended, or does not answer."""


class _Reader:
    """A reader process, its pipes, and the file in which its children leave networks."""

    def __init__(self) -> None:
        with standard_streams_taken():
            self._start()

    def _start(self) -> None:
        self.result = nameless_file()
        descriptor = self.result.fileno()
        # -P: a folder full of downloads may hold a torch.py. The path as it is here finds a source tree too.
        command = [sys.executable, "-P", "-W", "ignore", "-m", "netsci.io.sandbox._reader", str(descriptor)]
        try:
            self.process = subprocess.Popen(
                command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(descriptor,),
                cwd=os.sep,
                env=environment(),
                start_new_session=True,  # Ctrl-C in a terminal is for the user's program
            )
        except BaseException:
            self.result.close()
            raise
        pipes: tuple[Any, Any] = (self.process.stdin, self.process.stdout)
        self.requests, self.answers = (int(pipe.fileno()) for pipe in pipes)

    def ask(self, line: bytes, seconds: float) -> dict[str, Any]:
        """Send a request and return the answer; raises _Gone where none comes in time."""
        try:
            while line:
                line = line[os.write(self.requests, line) :]
        except OSError as error:
            raise _Gone from error
        deadline = time.monotonic() + seconds
        poll = select.poll()
        poll.register(self.answers, select.POLLIN | select.POLLHUP)
        answer = b""
        while not answer.endswith(b"\n"):
            if not poll.poll(max(0.0, 1000 * (deadline - time.monotonic()))):
                raise _Gone
            chunk = os.read(self.answers, 1 << 16)
            if not chunk:
                raise _Gone
            answer += chunk
        found: dict[str, Any] = json.loads(answer)
        return found

    def clear(self) -> None:
        """Give the memory of the last network back."""
        self.result.seek(0)
        self.result.truncate()

    def close(self) -> None:
        """End the process: it kills its child when its standard input ends."""
        for stream in (self.process.stdin, self.process.stdout, self.result):
            if stream:
                stream.close()
        try:
            self.process.wait(2.0)
        except BaseException as error:
            self.process.kill()
            self.process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise

    def forget(self) -> None:
        """Let go of a process that belongs to the program that this one was forked from."""
        for stream in (self.process.stdin, self.process.stdout, self.result):
            if stream:
                stream.close()
        self.process.returncode = 0  # not ours to wait for


_reader: _Reader | None = None


def _ask(path: Path, line: bytes, seconds: float) -> tuple[dict[str, Any], _Reader]:
    """Return the answer to a request and the reader that gave it; a reader that is gone is replaced once."""
    global _reader
    for _ in range(2):
        try:
            _reader = _reader or _Reader()
            return _reader.ask(line, seconds + _START_SECONDS), _reader
        except (_Gone, OSError, ValueError, TypeError):  # sys.executable may be None
            stop()
        except BaseException:  # Ctrl-C: the child goes with its reader
            stop()
            raise
    raise CheckpointError(
        path,
        "the process that reads files cannot be started or does not answer",
        f"see that sys.executable ({sys.executable}) is a Python with this package; {_TRUST}",
    )


def _check_end(path: Path, answer: dict[str, Any], seconds: float, cpu: float) -> None:
    """Raise CheckpointError where the child did not end by itself."""
    number = answer["signal"]
    if answer["late"] or number in (signal.SIGXCPU, signal.SIGALRM):
        late = f"{seconds:,.0f} s"
        what = f"{cpu:,.0f} s of the processor's time" if number == signal.SIGXCPU else late
        raise CheckpointError(
            path, f"reading it takes more than {what}, its limit", f"split it, or, {_TRUST}"
        )
    if number == signal.SIGKILL:  # not by us: the system was out of memory
        raise CheckpointError(path, *explain_error(MemoryError()))
    if number or answer["status"]:
        with contextlib.suppress(ValueError):
            number = signal.Signals(number).name
        raise CheckpointError(
            path,
            f"it crashed the process that read it ({number or 'no answer'}): damaged, or made to crash it",
            "fetch or save it again",
        )


def _after_fork() -> None:
    """Leave the reader to the program that started it; a forked one starts its own."""
    global _reader, _one_at_a_time
    reader, _reader = _reader, None
    _one_at_a_time = threading.Lock()
    if reader:
        reader.forget()


if AVAILABLE:
    atexit.register(stop)
    os.register_at_fork(after_in_child=_after_fork)
