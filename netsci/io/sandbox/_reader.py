"""The program of the reader process: `python -m netsci.io.sandbox._reader FD`.

`netsci.io.sandbox.isolation` starts it. It waits for requests, one JSON object a line on its standard input,
and forks a child for each. Only the child opens the file, under limits of memory and time, and writes the
network (`netsci.io.sandbox.transport`) to the file that FD is. The answer, one JSON object a line on the
standard output, says how the child ended.

A large library that a child would have to import, it asks for instead and is forked again, so that each is
imported once and does not count against any file's limits. The reader ends with its standard input.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import math
import os
import pkgutil
import resource
import select
import signal
import sys
import time
import zipfile
from pathlib import Path
from typing import Any, NoReturn

from netsci.io.errors import CheckpointError
from netsci.io.limits import FREE_BYTES, MAX_BYTES, MAX_COMPRESSION
from netsci.io.parse import parse
from netsci.io.sandbox.asking import ASKS, LIBRARIES, Asking
from netsci.io.sandbox.confine import confine
from netsci.io.sandbox.isolation import BASE_BYTES, BYTES_PER_BYTE, BYTES_PER_UNPACKED, explain_error
from netsci.io.sandbox.memory import address_space as _address_space
from netsci.io.sandbox.memory import free_memory, resident_memory
from netsci.io.sandbox.transport import send_network, send_refusal

# What the readers import while they read, so that no child has to.
_EARLY = (
    "bz2", "csv", "encodings.ascii", "encodings.cp437", "lzma", "numpy.lib._npyio_impl", "numpy.ma", "pickle",
    "pickletools", "scipy.sparse.csgraph", "xml.etree.ElementTree", "xml.parsers.expat", "zipfile",
)  # fmt: skip
_LATER = {
    "torch": ("torch.serialization", "torch._weights_only_unpickler", "torch.utils.serialization.config"),
    "networkx": ("networkx.readwrite",),
    "safetensors": ("safetensors.numpy",),
}
_MAX_OPEN_FILES = 64
_COUNT = 0.1  # seconds between two looks at a child's memory where the system does not limit it
_ALONE = 0.9  # share of the free memory that a child may take


def main() -> None:
    """Serve requests until the standard input ends."""
    for number in (signal.SIGCHLD, signal.SIGALRM, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)  # inherited "ignored" from a user's program
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    requests, answers = _private(0, os.O_RDONLY), _private(1, os.O_WRONLY)
    result = int(sys.argv[1])
    reader = _Reader(requests, result)
    _preload()
    pending = b""
    while chunk := os.read(requests, 1 << 16):
        pending += chunk
        *lines, pending = pending.split(b"\n")
        for line in lines:
            os.write(answers, json.dumps(reader.serve(json.loads(line))).encode() + b"\n")


def _private(descriptor: int, flags: int) -> int:
    """Return a copy of a standard stream and put nothing in its place, so that no library can write to it."""
    copy = os.dup(descriptor)
    null = os.open(os.devnull, flags)
    os.dup2(null, descriptor)
    os.close(null)
    return copy


def _preload() -> None:
    import netsci.io as package

    for module in pkgutil.walk_packages(package.__path__, "netsci.io."):
        if module.name != "netsci.io.sandbox._reader":
            _import(module.name)
    for name in _EARLY:
        _import(name)


def _import(name: str) -> None:
    with contextlib.suppress(Exception):  # not installed or not whole: the child's own import will say so
        importlib.import_module(name)


_TOO_LARGE = b"too large"


class _Reader:
    """Forks a child for each request and sees it to its end."""

    def __init__(self, requests: int, result: int) -> None:
        self.requests, self.result = requests, result
        self.asked: set[str] = set()
        self.baseline = -1
        self.counting = not _address_space()  # nor can an address space be limited there
        self.unlimited = False

    def serve(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return how the child that read the file ended: status, signal, seconds, bytes."""
        while True:
            if self.baseline < 0:
                gc.collect()
                gc.freeze()  # so that a child's collector leaves, and shares, what is loaded here
                self.baseline = _peak(self._fork(None, 10.0)[2])
            begin = time.monotonic()
            late, status, usage, asked = self._fork(request, request["seconds"])
            if asked not in LIBRARIES - self.asked or os.waitstatus_to_exitcode(status) != ASKS:
                break
            self._load(asked)
        code = os.waitstatus_to_exitcode(status)
        return {
            "late": late,
            "status": max(code, 0),
            "signal": max(-code, 0),
            "seconds": time.monotonic() - begin,
            "cpu": usage.ru_utime + usage.ru_stime,
            "peak": _peak(usage),
            "baseline": self.baseline,
            "unlimited": self.unlimited,
        }

    def _load(self, name: str) -> None:
        self.asked.add(name)
        _import(name)
        for later in _LATER.get(name, ()):
            _import(later)
        if name == "torch" and name in sys.modules:
            sys.modules[name].set_num_threads(1)  # a child could not start threads
        self.baseline = -1

    def _fork(self, request: dict[str, Any] | None, seconds: float) -> tuple[bool, int, Any, str]:
        """Run a child to its end; return whether it was too late, its status, its usage and what it asked."""
        watch, alive = os.pipe()
        pid = os.fork()
        if pid == 0:
            _child(request, self.result, alive, self.asked)
        os.close(alive)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)  # here too: whoever comes first
        deadline = time.monotonic() + seconds
        said = self._watch(watch, deadline, pid)
        os.close(watch)
        done, status, usage = os.wait4(pid, os.WNOHANG)
        while not done and said not in (None, _TOO_LARGE) and time.monotonic() < deadline:
            time.sleep(0.0002)  # its end of the pipe closes a moment before it ends
            done, status, usage = os.wait4(pid, os.WNOHANG)
        if not done:
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
            _, status, usage = os.wait4(pid, 0)
        if said is None:
            os._exit(0)  # whom should we tell?
        asked = said.decode("ascii", "replace").lstrip("0123456789 ")
        return not done and said != _TOO_LARGE, status, usage, asked

    def _watch(self, watch: int, deadline: float, child: int) -> bytes | None:
        """Return what a child says until it ends or is late, or None where nobody waits for it any more.

        First it says how many bytes it may take. Where the system cannot hold it to that, they are counted
        here, and _TOO_LARGE is returned once there are more.
        """
        poll = select.poll()
        poll.register(watch, select.POLLIN | select.POLLHUP)
        poll.register(self.requests, select.POLLIN | select.POLLHUP)
        said = b""
        while (left := deadline - time.monotonic()) > 0:
            if self.counting and b" " in said:
                left = min(left, _COUNT)
                held = resident_memory(child)
                self.unlimited = held is None
                if held is not None and held - self.baseline > int(said.split()[0]):
                    return _TOO_LARGE
            for descriptor, _ in poll.poll(math.ceil(1000 * left)):
                # One request at a time: anything else on the standard input is its end.
                if descriptor == self.requests:
                    return None
                data = os.read(watch, 256)
                if not data or len(said) > 256:
                    return said
                said += data
        return said


def _peak(usage: resource.struct_rusage) -> int:
    """Largest resident memory in bytes."""
    return int(usage.ru_maxrss) * (1 if sys.platform == "darwin" else 1024)


def _child(request: dict[str, Any] | None, result: int, alive: int, asked: set[str]) -> NoReturn:
    """Read one file and exit; nothing that happens here reaches the reader but the exit status."""
    try:
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        if request is not None:
            _keep_open(result, alive)
            path = Path(request["path"])
            budget = _limit(path, request["size"], request["seconds"], request["cpu"])
            os.write(alive, f"{budget} ".encode("ascii"))
            confine(_readable(path))
            sys.meta_path.insert(0, Asking(alive, asked))
            with os.fdopen(result, "r+b", buffering=0) as stream:
                _answer(path, request, stream, budget)
        os._exit(0)
    except BaseException:
        os._exit(1)


def _keep_open(*kept: int) -> None:
    """Close all files but the standard streams, which are nothing here, and those given."""
    edges = sorted({2, *kept})
    for low, high in zip(edges, [*edges[1:], 4096], strict=True):
        os.closerange(low + 1, high)


def _limit(path: Path, size: int, seconds: float, cpu: float) -> int:
    """Limit this process, and return how many bytes it may take."""
    # Before anything of the file is looked at; the alarm holds even if the reader should die.
    signal.alarm(math.ceil(seconds) + 5)
    _set(resource.RLIMIT_CPU, math.ceil(cpu), math.ceil(cpu) + 5)
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_NOFILE, _MAX_OPEN_FILES)
    with contextlib.suppress(AttributeError):
        _set(resource.RLIMIT_NPROC, 0)
    here, free = _address_space(), int(_ALONE * free_memory())
    budget = min(BASE_BYTES + BYTES_PER_BYTE * size, free)
    if here:
        _set(resource.RLIMIT_AS, here + budget, resource.RLIM_INFINITY)
    unpacked = BASE_BYTES + BYTES_PER_UNPACKED * _estimate_unpacked(path, size)
    budget = max(budget, min(unpacked, free))
    if here:
        _set(resource.RLIMIT_AS, here + budget)
    _set(resource.RLIMIT_FSIZE, budget)
    return budget


def _set(which: int, soft: int, hard: int | None = None) -> None:
    """Lower a limit; one that is lower already stays."""
    hard = soft if hard is None else hard
    old = resource.getrlimit(which)[1]
    if old != resource.RLIM_INFINITY:
        soft, hard = min(soft, old), old if hard == resource.RLIM_INFINITY else min(hard, old)
    resource.setrlimit(which, (soft, hard))


def _readable(path: Path) -> list[Path]:
    """Return what a child may read: the file, and its folder where it may keep its weights in others.

    An ONNX model begins with the number of its version, an index of parts is JSON.
    """
    if path.is_dir():
        return [path]
    with open(path, "rb") as stream:
        head = stream.read(1)
    return [path, path.parent] if head in (b"\x08", b"{") else [path]


def _estimate_unpacked(path: Path, size: int) -> int:
    """Bytes that a zip archive or gzip file unpacks to, as far as they are believed; 0 for other files."""
    with contextlib.suppress(Exception), open(path, "rb") as stream:
        magic = stream.read(2)
        if magic == b"\x1f\x8b":
            stream.seek(-4, os.SEEK_END)
            claimed = int.from_bytes(stream.read(4), "little")  # of its last part, modulo 4 GiB
            return min(max(claimed, 8 * size), MAX_COMPRESSION * size + FREE_BYTES, MAX_BYTES)
        if magic == b"PK":
            with zipfile.ZipFile(stream) as archive:
                claimed = sum(member.file_size for member in archive.infolist())
                return min(claimed, MAX_COMPRESSION * size + FREE_BYTES, MAX_BYTES)
    return 0


def _answer(path: Path, request: dict[str, Any], stream: Any, budget: int) -> None:
    """Write the network of the file, or why there is none."""
    spare = bytearray(1 << 20)  # so that there is memory left to say that there is none
    try:
        loaded = parse(path, request["sha256"], **request["options"])
        send_network(stream, loaded.graph, loaded.kind, loaded.notes, loaded.guesses)
        return
    except CheckpointError as error:
        reason, mend = error.reason, error.mend
    except BaseException as error:
        del spare
        reason, mend = explain_error(error, budget)
    stream.seek(0)
    stream.truncate()
    send_refusal(stream, reason, mend)


if __name__ == "__main__":
    main()
