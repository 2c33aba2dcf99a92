"""A lock for a folder, so that one run at a time writes there, also on disks that several machines share.

The lock is one file in the folder. It names who holds it: host, process, start, and a heartbeat that a
thread of the holder writes every 10 s. The clock of the file system measures the age of a heartbeat, so
that the clocks of machines may differ. A lock without a heartbeat for a minute may be taken over, and one of
a dead process of the same machine at once. The file system needs no locks of its own: creating a file that
must not exist yet is enough.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import signal
import socket
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from netsci.io.errors import printable

LOCK = ".netsci-lock"
BEAT = 10.0  # seconds between heartbeats
STALE = 60.0  # seconds without a heartbeat after which a lock may be taken over
_TRIES = 100  # to take a lock that others release or take over just now
_PAUSE = 0.02  # seconds between them
_held: dict[tuple[str, int], FolderLock] = {}  # the locks of this process, by real path and thread
_guard = threading.RLock()


class FolderHeldError(ValueError):
    """A folder is in use by another run, its `holder`."""

    def __init__(self, message: str, holder: Holder | None = None) -> None:
        super().__init__(message)
        self.holder = holder or Holder()


class FolderLostError(ValueError):
    """This run held a folder, and another run has taken it over."""


@dataclass(frozen=True)
class Holder:
    """Who holds a folder, as its lock says.

    host, process : where it runs. start, beat : when it took the lock, and its last heartbeat, by its clock.
    machine, birth : tell this start of the machine and this process from later ones of the same name.
    token : is another one for each lock. age : seconds since the last heartbeat, by the file system's clock.
    """

    host: str = "an unknown host"
    process: int = 0
    start: str = "at an unknown time"
    beat: str = ""
    machine: str = ""
    birth: str = ""
    token: str = ""
    age: float = 0.0

    @property
    def gone(self) -> bool:
        """Whether the lock may be taken over: it is a minute old, or its process is known to be dead."""
        here = bool(self.machine) and self.machine == _machine()
        return self.age > STALE or (here and _birth(self.process) != self.birth)


class FolderLock:
    """Hold a folder while a `with` block runs; the folder is made if it does not exist.

    A block inside of a block of the same thread holds the same lock. SIGTERM releases the lock too and ends
    the process with code 143, if nothing else handles that signal.

    Raises FolderHeldError if another run holds the folder, and OSError if no file can be made there.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> with FolderLock(folder) as lock:
    ...     find_holder(folder).process == os.getpid(), lock.check()
    (True, None)
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._key = os.path.realpath(folder)
        self._holder = Holder()
        self._descriptor = -1
        self._thread = 0
        self._depth = 0
        self._ended = threading.Event()
        self._writing = threading.Lock()
        self._before: Any = None  # what handled SIGTERM

    def __enter__(self) -> FolderLock:
        with _guard:
            outer = _held.get((self._key, threading.get_ident()))
            if outer is None:
                self._take()
                self._thread = threading.get_ident()
                _held[self._key, self._thread] = outer = self
                threading.Thread(target=self._keep_beating, name="folder lock", daemon=True).start()
                self._before = exit_on_sigterm()
            outer._depth += 1
            return outer

    def __exit__(self, *error: object) -> None:
        with _guard:
            # None in a forked child, which holds nothing; never another thread's, which took the folder over
            outer = _held.get((self._key, threading.get_ident()))
            if outer is not None:
                outer._depth -= 1
                if outer._depth == 0:
                    outer._release()

    def check(self) -> None:
        """Raise FolderLostError if another run has taken the folder over, as after a long stop."""
        self._beat()
        holder = find_holder(self.folder)
        if holder is None or holder.token != self._holder.token:
            now = "nobody's" if holder is None else f"that of process {holder.process} on {holder.host}"
            raise FolderLostError(
                f"folder {str(self.folder)!r} is not held by this run any more: its lock is now {now}, since "
                f"this run gave no sign of life for {STALE:g} s, or its lock was deleted. Nothing more is "
                "written; start the run again when the other has ended"
            )

    def _take(self) -> None:
        """Make the lock's file, or raise FolderHeldError."""
        self._holder = _this_process()
        holder: Holder | None = None
        for _ in range(_TRIES):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self._descriptor = _create(self.folder / LOCK, self._holder)
                return
            except FileNotFoundError:
                continue  # who had the folder has just removed it
            except FileExistsError:
                holder = find_holder(self.folder)
                if holder is not None and holder.gone:
                    token = holder.token
                    with contextlib.suppress(FileNotFoundError):
                        _remove(self.folder, lambda found: found.token == token and found.gone)  # noqa: B023
                elif holder is not None and holder.token:
                    break
                else:  # released just now, or made just now and not written yet
                    time.sleep(_PAUSE)
        holder = holder or Holder()
        raise FolderHeldError(_in_use(self.folder, holder), holder)

    def _keep_beating(self) -> None:
        while not self._ended.wait(BEAT):
            self._beat()

    def _beat(self) -> None:
        # To the file that this lock made, whatever lies under its name now: so nobody else's lock is touched.
        # Errors: removed by another machine, a disk that is away for a while, or released.
        with self._writing, contextlib.suppress(OSError):
            _write(self._descriptor, self._holder)

    def _release(self) -> None:
        self._ended.set()
        del _held[self._key, self._thread]
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)
        with self._writing:
            os.close(self._descriptor)
            self._descriptor = -1
        with contextlib.suppress(OSError):
            for _ in range(_TRIES):
                if _remove(self.folder, lambda found: found.token == self._holder.token):
                    break


def check_lock(folder: str | Path) -> None:
    """Raise FolderLostError if this process held the folder and another run has taken it over.

    Call it before each write; it does nothing if this process has not locked the folder.

    Examples
    --------
    >>> check_lock(tempfile.mkdtemp())
    """
    path = os.path.realpath(folder)
    with _guard:
        locks = {thread: lock for (held, thread), lock in _held.items() if held == path}
    # this thread's own, else that of the thread for which this one works
    lock = locks.get(threading.get_ident(), next(reversed(locks.values()), None))
    if lock is not None:
        lock.check()


def find_holder(folder: str | Path) -> Holder | None:
    """Return who holds a folder, None if nobody does.

    A lock that cannot be read (just made, or damaged) has a holder without a token.

    Examples
    --------
    >>> find_holder(tempfile.mkdtemp()) is None
    True
    """
    return _read(Path(folder) / LOCK)


def _this_process() -> Holder:
    return Holder(
        host=socket.gethostname(),
        process=os.getpid(),
        start=_now(),
        machine=_machine(),
        birth=_birth(os.getpid()),
        token=secrets.token_hex(8),
    )


def _create(path: Path, holder: Holder) -> int:
    """Create a lock, with its text from the first moment, and return its descriptor.

    Raises FileExistsError if there is one.
    """
    own = path.with_name(f"{path.name}-{holder.token}")
    descriptor = os.open(own, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        _write(descriptor, holder)
        os.link(own, path)
    except OSError as error:
        if isinstance(error, FileExistsError) and os.fstat(descriptor).st_nlink == 2:
            return descriptor  # linked all the same: an answer of a network disk was lost
        os.close(descriptor)
        if isinstance(error, (FileExistsError, FileNotFoundError)):
            raise
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)  # a disk without links
        _write(descriptor, holder)
    finally:
        own.unlink(missing_ok=True)
    return descriptor


def _write(descriptor: int, holder: Holder) -> None:
    """Write a lock, with a heartbeat, to an open file; its length is always the same."""
    text = json.dumps({**asdict(holder), "beat": _now()}, indent=1) + "\n"
    os.pwrite(descriptor, text.encode(), 0)
    os.fsync(descriptor)


def _read(path: Path) -> Holder | None:
    try:
        # Opened, not only looked at: on network disks this asks the server.
        with open(path, "rb") as stream:
            text, changed = stream.read(65_536), os.fstat(stream.fileno()).st_mtime
        age = _clock(path.parent) - changed
    except FileNotFoundError:
        return None
    try:
        said = json.loads(text)
        host, start = printable(said["host"]), printable(said["start"])
        rest = {name: str(said[name]) for name in ("beat", "machine", "birth", "token")}
        return Holder(host=host, process=int(said["process"]), start=start, age=age, **rest)
    except (ValueError, TypeError, KeyError):
        return Holder(age=age)


def _clock(folder: Path) -> float:
    """Return the time by the clock of the file system; by that of this machine where it may not write."""
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=f"{LOCK}-") as probe:
            return os.fstat(probe.fileno()).st_mtime
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise
        return time.time()


def _remove(folder: Path, removable: Callable[[Holder], bool]) -> bool:
    """Remove a lock that is removable; return False if another process removes one just now.

    A second file, held for a moment only, keeps others from removing at the same time: else one could remove
    the new lock of another that was faster.
    """
    deciding = folder / f"{LOCK}-removal"
    try:
        os.close(_create(deciding, _this_process()))
    except FileExistsError:
        time.sleep(_PAUSE)
        other = _read(deciding)
        if other is not None and other.gone:
            deciding.unlink(missing_ok=True)
        return False
    try:
        holder = find_holder(folder)
        if holder is not None and removable(holder):
            (folder / LOCK).unlink(missing_ok=True)
    finally:
        deciding.unlink(missing_ok=True)
    return True


def _in_use(folder: Path, holder: Holder) -> str:
    return (
        f"folder {str(folder)!r} is in use by another run: host {holder.host}, process {holder.process}, "
        f"started {holder.start}, last sign of life {max(holder.age, 0):.0f} s ago. Wait until it ends, stop "
        f"it, or give another folder; a run without a sign of life for {STALE:g} s loses its folder"
    )


def _machine() -> str:
    """Return what tells this machine, since its start, and this space of process numbers from any other."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return f"{uuid.getnode():012x}"


def _birth(process: int) -> str:
    """Return when a process of this machine started, "" if it is dead, "alive" where /proc does not say."""
    if not os.path.exists("/proc/self/stat"):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return ""
        except OSError:
            pass
        return "alive"
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def exit_on_sigterm() -> Any:
    """Let SIGTERM end the process with its `finally` blocks; return what handled it before, None if kept."""
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        return None

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    return signal.signal(signal.SIGTERM, leave)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _forget_in_child() -> None:
    global _guard
    _held.clear()
    _guard = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
