"""Data sets by name: where their files are looked for, and what is said when they are not there.

A reader is a function `loader(folder, **options) -> DataSet`; its module registers it when it is imported:

    register("mnist", load_mnist, needs=[("mnist/train.gz", "mnist/train"), "mnist/test"], help="...")
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netsci.data.dataset import DataSet
from netsci.data.download import Remote, fetch
from netsci.data.errors import DataError

DATA, CACHE = "NETSCI_DATA", "NETSCI_CACHE"


@dataclass(frozen=True)
class Entry:
    """A registered data set; see `register`."""

    name: str
    loader: Callable[..., DataSet]
    needs: tuple[tuple[str, ...], ...]
    help: str
    remote: tuple[Remote, ...]
    refused: tuple[tuple[str, str], ...]

    def missing(self, folder: Path) -> list[str]:
        """Return the needed files that a folder lacks, of alternatives the first."""
        return [paths[0] for paths in self.needs if not any((folder / path).exists() for path in paths)]


_ENTRIES: dict[str, Entry] = {}


def register(
    name: str,
    loader: Callable[..., DataSet],
    *,
    needs: Sequence[str | tuple[str, ...]] = (),
    help: str = "",
    remote: Sequence[Remote] = (),
    refused: Sequence[tuple[str, str]] = (),
) -> None:
    """Make a data set known to `load`.

    Parameters
    ----------
    name : what it is loaded by, in lower case.
    loader : `loader(folder, **options) -> DataSet`; keyword-only options become options of `load`.
    needs : files or folders, relative to the data folder; a tuple holds alternatives, of which one is enough.
        A data set that needs none is built in.
    help : one sentence for the error about missing files: what they are and where they come from.
    remote : what `download=True` fetches; nothing is fetched without a checksum.
    refused : (path, reason) of files that look right and are not read, for the error about missing files.

    Raises
    ------
    ValueError
        If the name is taken by another reader.
    """
    groups = tuple((paths,) if isinstance(paths, str) else tuple(paths) for paths in needs)
    known = _ENTRIES.get(name)
    if known is not None and (known.loader.__module__, known.loader.__qualname__) != (
        loader.__module__,
        loader.__qualname__,
    ):
        raise ValueError(f"name {name!r} is taken by {known.loader.__module__}: choose another one")
    _ENTRIES[name] = Entry(name, loader, groups, help, tuple(remote), tuple(refused))


def names() -> tuple[str, ...]:
    """Return the names of all data sets, sorted, whether their files are there or not.

    >>> "digits" in names()
    True
    """
    return tuple(sorted(_ENTRIES))


def available(folder: str | Path | None = None) -> tuple[str, ...]:
    """Return the names of the data sets that are built in or whose files are there.

    Parameters
    ----------
    folder : as in `load`. Files are looked for, not opened.

    >>> "digits" in available()
    True
    """
    looked = places(folder)
    return tuple(
        name for name, entry in sorted(_ENTRIES.items()) if any(not entry.missing(place) for place in looked)
    )


def load(name: str, *, folder: str | Path | None = None, download: bool = False, **options: Any) -> DataSet:
    """Read a data set by name.

    Parameters
    ----------
    name : one of `names()`.
    folder : where the files are. By default the folder that the environment variable NETSCI_DATA names, and
        then the user's cache (NETSCI_CACHE moves it), into which downloads go.
    download : fetch missing files into `folder`, or into the user's cache, and check their checksums.
    options : those of the data set, such as verify=False.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If an option is unknown.
    DataError
        If files are missing, damaged or not what they should be; it says what to put where.

    Examples
    --------
    >>> load("digits").y_test[:2].tolist()
    [4, 8]
    """
    entry = _entry(name)
    _check_options(entry, options)
    if not isinstance(download, bool):
        raise TypeError(f"download must be True or False; got {download!r}")
    if not entry.needs:
        return entry.loader(Path(folder or ""), **options)
    looked = places(folder)
    for place in looked:
        if not entry.missing(place):
            return entry.loader(place, **options)
    if not download:
        raise _missing(entry, looked, asked=folder is not None)
    if not entry.remote:
        raise DataError(
            looked[-1] / entry.needs[0][0],
            f"{name} cannot be fetched, as no checksum or no open address is known",
            f"put it there yourself. {entry.help}".rstrip(),
        )
    fetch(entry.remote, looked[-1])
    return entry.loader(looked[-1], **options)


def places(folder: str | Path | None = None) -> tuple[Path, ...]:
    """Return the folders in which data files are looked for, in order."""
    if folder is not None:
        return (Path(folder),)
    named = os.environ.get(DATA)
    return (*((Path(named),) if named else ()), cache_folder())


def cache_folder() -> Path:
    """Return the user's cache for downloads and decoded images; NETSCI_CACHE moves it. It may not exist."""
    named = os.environ.get(CACHE)
    if named:
        return Path(named)
    import pooch

    return Path(pooch.os_cache("netsci"))


def first_of(folder: Path, paths: Sequence[str]) -> Path:
    """Return the first of several paths in a folder that is there.

    Raises
    ------
    DataError
        If none is there.
    """
    for path in paths:
        if (folder / path).exists():
            return folder / path
    raise DataError(folder / paths[0], "it is missing", "put it there")


def _entry(name: str) -> Entry:
    if not isinstance(name, str) or name not in _ENTRIES:
        raise ValueError(f"name must be one of {', '.join(names())}; got {name!r}")
    return _ENTRIES[name]


def _check_options(entry: Entry, options: dict[str, Any]) -> None:
    parameters = list(inspect.signature(entry.loader).parameters.values())[1:]
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    allowed = [parameter.name for parameter in parameters]
    for option in options:
        if option not in allowed:
            known = f"it has {', '.join(allowed)}" if allowed else "it has none"
            raise TypeError(f"{option} is no option of {entry.name}: {known}")


def _missing(entry: Entry, looked: tuple[Path, ...], *, asked: bool) -> DataError:
    mend = f"put what is missing there, or let folder= or {DATA} name the folder that has it"
    if entry.remote:
        mend += ", or pass download=True"
    mend = f"{mend}. {entry.help}".rstrip()
    for place in looked:
        for path, reason in entry.refused:
            if (place / path).exists():
                return DataError(place / path, reason, f"for {entry.missing(place)[0]}: {mend}")
    lacks = "which this folder lacks" if looked[0].is_dir() else "and there is no such folder"
    reason = f"{entry.name} needs {', '.join(entry.missing(looked[0]))}, {lacks}"
    if len(looked) > 1:
        reason += f" (nor is it all in {looked[-1]})"
    elif not asked:
        reason += f" ({DATA} is not set)"
    return DataError(looked[0], reason, mend)
