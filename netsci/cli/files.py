"""Files of commands: networks that are read, also from the standard input, and places that are written."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from netsci.io import Loaded

UNREADABLE = 3  # exit code of a file that cannot be read as a network
STDIN = Path("-")
OURS = (  # what netsci wrote: pages, graphs, pruned and spiking networks
    b'name="generator" content="netsci"',
    b'"netsci"',
    b'"netsci prune"',
    b'"netsci spiking network ',
)
HEAD = 4096  # bytes in which such a sign stands
# What errors call the arguments of Python -> the option of the command line.
_OPTIONS = {
    "resume=False": "--anew",
    "device must": "--device must",
    "folder must": "--out must",
    "n_m must": "--n-m must",
    "n_m needs": "--n-m needs",
    "prune without n_m": "leave out --n-m, or name the layers that it fits, as --sparsity NAME=SHARE",
    "give its file as network=": "give its file by --network",
    "set start=''": "leave out --set start",
    "method='static'": "--method static",
    "netsci.train.freeze_links makes such a recipe": "--method static takes them from the file",
}


def open_network(file: Path, options: dict[str, Any]) -> Loaded:
    """Return the network in a file, or on the standard input for "-"; say why and exit if there is none."""
    from netsci.io import CheckpointError, load

    try:
        if file != STDIN:
            return load(file, **options)
        with tempfile.TemporaryDirectory(prefix="netsci-") as folder:
            held = Path(folder) / "stdin"
            held.write_bytes(sys.stdin.buffer.read())
            return load(held, **options)
    except CheckpointError as error:
        fail(str(error), UNREADABLE)


def check_out(
    out: Path, files: list[Path], force: bool, clash: str = "the report would overwrite its input file"
) -> None:
    """Raise BadParameter with the mend if `out` cannot be written, or holds what netsci did not write."""
    problem = next((found for file in files if (found := _unwritable(out, file, clash))), None)
    if problem is None and not force and _is_foreign(out):
        problem = f"{out} exists, and netsci did not write it; give another name, or overwrite by --force"
    if problem:
        raise typer.BadParameter(problem, param_hint="--out")


def save_whole(out: Path, make: Callable[[Path], object]) -> Path:
    """Let `make` write a file elsewhere and move it to its place once it is complete."""
    from netsci.io.files import write_atomically

    with tempfile.TemporaryDirectory(prefix="netsci-") as folder:
        whole = Path(folder) / "whole"
        try:
            make(whole)
            return write_atomically(out, whole.read_bytes())
        except OSError as error:
            fail(f"{out}: cannot be written ({error.strerror or type(error).__name__})", 1)


def open_page(page: Path) -> None:
    """Open a page in the browser, and say so where there is none."""
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        typer.echo(f"no browser was found; open {page} yourself", err=True)


def tell(stage: str) -> None:
    """Print a stage of the work on the standard error."""
    typer.echo(f"netsci: {stage}", err=True)


@contextmanager
def explain_errors(command: str, disk: str) -> Iterator[None]:
    """Turn errors of a command that needs torch, a run and its data into one sentence, and exit."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name == "torch_pruning":
            fail(str(error), 2)
        if error.name != "torch":
            raise
        fail(f"netsci {command} needs torch, which is not installed: pip install 'netsci-suite[torch]'", 1)
    except (ValueError, TypeError) as error:
        fail(name_options(str(error)), 2)
    except OSError as error:
        fail(f"{disk}: {error}", 1)


def name_options(message: str) -> str:
    """Return a message with options in place of the arguments of Python functions.

    Examples
    --------
    >>> name_options("start again with resume=False")
    'start again with --anew'
    """
    for argument, option in _OPTIONS.items():
        message = message.replace(argument, option)
    return message


def fail(message: str, code: int) -> NoReturn:
    """Print a message on the standard error and exit."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


def _is_foreign(out: Path) -> bool:
    """Whether a file with content is there that does not look like one of ours."""
    try:
        with open(out, "rb") as stream:
            head = stream.read(HEAD)
    except OSError:
        return False
    return bool(head) and not any(sign in head for sign in OURS)


def _unwritable(out: Path, file: Path, clash: str) -> str | None:
    """Return why `out` cannot be written, with the mend, or None if it can."""
    target = Path(os.path.realpath(out))  # a symbolic link stays, and what it names is written
    # os.path rather than Path: names that are too long are missing files and no errors.
    if os.path.isdir(target):
        return f"{out} is a folder; give a file in it, such as {out / file.stem}"
    if not os.path.isdir(target.parent):
        return f"there is no folder {target.parent}; create it, or write elsewhere"
    if os.path.exists(target) and not os.path.isfile(target):
        return f"{out} is a device or pipe, not a regular file; give the name of a new file"
    if os.path.exists(target) and os.path.exists(file) and os.path.samefile(target, file):
        return f"{clash}; give another name"
    try:
        # What is written later is written beside its place first, so the folder must take a new file.
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".netsci-", suffix=".part"):
            return None
    except OSError as error:
        why = error.strerror or type(error).__name__
        return (
            f"{out} cannot be written: the folder {target.parent} does not accept a new file ({why}); "
            "choose another folder"
        )
