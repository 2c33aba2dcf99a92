"""The exception that data sets raise about their files."""

from __future__ import annotations

from pathlib import Path

MAX_TEXT = 2000
MAX_NAME = 200


class DataError(ValueError):
    """The error for a data file that is missing or cannot be read: it names the file and says what to do.

    Parameters
    ----------
    path : the file or folder.
    reason : what is wrong with it.
    mend : what the user can do.

    Examples
    --------
    >>> print(DataError("mnist/train-images-idx3-ubyte", "the file is empty (0 bytes)", "fetch it again"))
    mnist/train-images-idx3-ubyte: the file is empty (0 bytes); fetch it again
    """

    def __init__(self, path: str | Path, reason: str, mend: str) -> None:
        self.path, self.reason, self.mend = Path(path), reason, mend
        super().__init__(printable(f"{self.path}: {reason}; {mend}", MAX_TEXT))

    def __reduce__(self) -> tuple[type, tuple[Path, str, str]]:
        return type(self), (self.path, self.reason, self.mend)


def check_regular(path: Path) -> None:
    """Raise DataError where a path is a pipe, a socket or a device: reading it might never end.

    Examples
    --------
    >>> check_regular(Path("no-such-file"))  # what opens it will say so
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise DataError(
            path,
            "it is a pipe, a socket or a device, not a file",
            "copy its content into a file",
        )


def printable(text: str, most: int = MAX_NAME) -> str:
    """Return text of a file safe to print: one line, no control characters, at most `most` characters.

    Names in an archive may hold terminal escapes, or be very long.

    Examples
    --------
    >>> printable("a\\nb")
    'a?b'
    """
    line = "".join(c if c.isprintable() else "?" for c in text)
    return line if len(line) <= most else line[: most - 3] + "..."
