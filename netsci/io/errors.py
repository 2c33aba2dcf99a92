"""The exception that every reader raises."""

from __future__ import annotations

from pathlib import Path

MAX_TEXT = 200


class CheckpointError(ValueError):
    """The error for a file that cannot be read as a network: it says what the file is and what to do instead.

    Parameters
    ----------
    path : the file.
    reason : what is wrong with it.
    mend : what the user can do.

    Examples
    --------
    >>> print(CheckpointError("runs/net.pt", "the file is empty (0 bytes)", "save it again"))
    net.pt: the file is empty (0 bytes); save it again
    """

    def __init__(self, path: str | Path, reason: str, mend: str) -> None:
        self.path, self.reason, self.mend = Path(path), reason, mend
        super().__init__(f"{printable(self.path.name or str(path))}: {reason}; {mend}")

    def __reduce__(self) -> tuple[type, tuple[Path, str, str]]:
        return type(self), (self.path, self.reason, self.mend)


def printable(text: object) -> str:
    """Return text of a file safe to print: one line, no control characters, at most 200 characters."""
    # A name in a hostile file may hold line ends or terminal escapes, and it ends up on a terminal.
    line = "".join(c if c.isprintable() else "?" for c in str(text))
    return line if len(line) <= MAX_TEXT else line[: MAX_TEXT - 3] + "..."
