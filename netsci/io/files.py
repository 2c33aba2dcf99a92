"""Write files as a whole or not at all, and compute their checksums."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from pathlib import Path


def write_atomically(path: str | Path, content: bytes | str) -> Path:
    """Write a file in one step, so that nobody sees it half written; return its path.

    Text is written as UTF-8 with line ends as they are; what UTF-8 lacks (undecodable bytes of file names)
    becomes "?". The old file, if any, stays until the new one is complete, and stays for good if writing
    fails. A symbolic link stays, and its target is written. Raises OSError as `open` would, and where the
    path is a device, a pipe or a socket, which a rename would destroy.
    """
    path = Path(path)
    target = check_target(path)
    data = content.encode(errors="replace") if isinstance(content, str) else content
    # In the same folder: a rename is atomic within one file system only.
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, _permissions(target))
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def check_target(path: Path) -> Path:
    """Return the file that a path leads to; raise OSError, which names the path, if no file can lie there."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a folder lies there: give the name of a file", str(path))
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, "not a regular file: give the name of a new file", str(path))
    if not target.parent.exists():
        raise FileNotFoundError(errno.ENOENT, "its folder does not exist: make it first", str(path))
    return target


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _permissions(path: Path) -> int:
    """Those of the file that is replaced, else what a plain `open` gives (mkstemp gives 0600)."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
