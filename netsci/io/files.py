"""Files written as a whole or not at all, and their checksums."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path


def write_atomically(path: str | Path, content: bytes | str) -> Path:
    """Write a file so that it is never seen half written, and return its path.

    Text is written as UTF-8 with line ends as they are. The old file, if any, stays until the new one is
    complete, and stays for good if writing fails. Raises OSError as `open` would.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    # In the same folder: a rename is atomic within one file system only.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, _permissions(path))
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


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
