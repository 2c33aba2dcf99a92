"""Which layers `select` names, and what to say where it names none."""

from __future__ import annotations

from pathlib import Path

from netsci.io.errors import CheckpointError, printable


def is_selected(name: str, select: str) -> bool:
    """Whether a layer's name is the selected one, or begins with it and a dot or a number in brackets."""
    return name == select or name.startswith((f"{select}.", f"{select}["))


def not_there(path: Path, select: str, names: list[str]) -> CheckpointError:
    """Return the error for a selection that names nothing."""
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    held = ", ".join(map(printable, names[:12])) + more
    return CheckpointError(
        path, f"it holds nothing called {printable(select)!r}", f"select one of: {held or 'nothing'}"
    )
