"""The folder of a run: recipe, table and checkpoint after every epoch, and the network at the end."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd

from netsci.arguments import shorten
from netsci.io.csv_text import format_csv
from netsci.io.files import write_atomically
from netsci.io.lock import FolderLock, check_lock
from netsci.io.seal import find_damage
from netsci.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from netsci.train.recipe import Recipe

MOST_FIELDS = 6  # that an error names
CHECKPOINT, TABLE, RECIPE, NETWORK = (
    "checkpoint.safetensors",
    "table.csv",
    "recipe.json",
    "network.safetensors",
)
START = "start.safetensors"  # a copy of the network that the run started from
KEPT = "network-{:04d}.safetensors"  # after an epoch


def prepare_folder(place: Path) -> Path:
    """Make the folder and return it. Raise ValueError at once if no file can be written there.

    Examples
    --------
    >>> prepare_folder(Path(tempfile.mkdtemp()) / "runs" / "a").is_dir()
    True
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place, prefix=".netsci-", suffix=".part"):
            return place
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ValueError(f"folder {str(place)!r} cannot be written ({why}): give another one") from error


@contextmanager
def open_folder(folder: str | Path | None) -> Iterator[Path | None]:
    """Make and lock the folder of a run. Remove it at the end if it is new and a refused run left it empty.

    Examples
    --------
    >>> new = Path(tempfile.mkdtemp()) / "a"
    >>> with open_folder(new) as place:
    ...     place.is_dir()
    True
    >>> new.exists()
    False
    """
    if folder is None:
        yield None
        return
    new = not Path(folder).exists()
    place = prepare_folder(Path(folder))
    try:
        with FolderLock(place):
            yield place
    finally:
        if new:
            with suppress(OSError):  # it holds files
                place.rmdir()


def find_checkpoint(place: Path, recipe: Recipe, data: str) -> Checkpoint | None:
    """Read the checkpoint in the folder of a run; None if there is none. `data` is the checksum of the data.

    Raises ValueError if the checkpoint is damaged or belongs to another recipe, version or data.
    """
    path = place / CHECKPOINT
    if not path.exists():
        return None
    checkpoint = load_checkpoint(path)
    try:
        its = Recipe.of(checkpoint.recipe)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{path} has a recipe that this version cannot read ({error}): continue with the version that "
            "wrote it, or start again with resume=False"
        ) from error
    if its == recipe:
        if checkpoint.notes.get("data", data) != data:
            raise ValueError(
                f"{path} belongs to other data of the same name: take another folder, or start again with "
                "resume=False"
            )
        return checkpoint
    raise ValueError(
        f"{path} belongs to another recipe ({_say_difference(its.flat(), recipe.flat())}): take another "
        "folder, or start again with resume=False"
    )


def _say_difference(its: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Say which fields of two recipes differ: "lr is 0.1 there and 0.2 here"."""
    missing = object()
    names = [name for name in {**its, **asked} if its.get(name, missing) != asked.get(name, missing)]

    def say(fields: Mapping[str, Any], name: str) -> str:
        return "not given" if fields.get(name) is None else shorten(fields[name])

    said = [f"{name} is {say(its, name)} there and {say(asked, name)} here" for name in names[:MOST_FIELDS]]
    rest = len(names) - len(said)
    return "; ".join([*said, *([f"{rest} more differ{'s' if rest == 1 else ''}"] if rest else [])])


def check_files(place: Path, checkpoint: Checkpoint) -> None:
    """Warn of recipe, table or network in the folder of a run that do not fit its checkpoint, and mend them.

    The checkpoint holds the same recipe and table under a checksum: what differs was damaged, changed, or
    written just before the run was killed. A damaged network is deleted; a finished run writes it anew.
    """
    check_lock(place)
    for name, text in _texts(checkpoint).items():
        path = place / name
        if path.exists() and _same_text(path, text):
            continue
        if path.exists():
            warnings.warn(
                f"{path} does not fit the checkpoint beside it (damaged, changed, or its run was killed): it "
                "is written anew from the checkpoint",
                stacklevel=2,
            )
        write_atomically(path, text)
    network = place / NETWORK
    damage = find_damage(network) if network.exists() else None
    if damage:
        warnings.warn(f"{network} is damaged ({damage}): it is made anew", stacklevel=2)
        network.unlink()


def _texts(checkpoint: Checkpoint) -> dict[str, str]:
    """Return the files of a run that a checkpoint holds too, by name."""
    return {
        RECIPE: json.dumps(checkpoint.recipe, indent=1) + "\n",
        TABLE: format_csv(pd.DataFrame(checkpoint.notes["rows"])),
    }


def _same_text(path: Path, text: str) -> bool:
    found = path.read_bytes()
    if found == text.encode() or path.name != RECIPE:
        return found == text.encode()
    try:  # a version before may have had other names, or laid its lines out another way
        return Recipe.of(json.loads(found)) == Recipe.of(json.loads(text))
    except (ValueError, TypeError):
        return False


def write_progress(place: Path, checkpoint: Checkpoint) -> None:
    """Write checkpoint, recipe and table after an epoch; the checkpoint first, since it holds the others too.

    The network file of an earlier run in the folder is deleted. Raises FolderLostError, and writes nothing,
    if another run has taken over the folder.
    """
    check_lock(place)
    (place / NETWORK).unlink(missing_ok=True)
    save_checkpoint(place / CHECKPOINT, checkpoint)
    for name, text in _texts(checkpoint).items():
        write_atomically(place / name, text)
