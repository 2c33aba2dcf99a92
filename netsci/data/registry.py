"""Find data sets by name: where their files are, and what to do if they are missing.

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

from netsci.arguments import check_callable, check_path, check_text, list_of
from netsci.data.dataset import DataSet
from netsci.data.download import Remote, fetch
from netsci.data.errors import DataError

Loader = Callable[..., DataSet]

DATA, CACHE = "NETSCI_DATA", "NETSCI_CACHE"


@dataclass(frozen=True)
class Entry:
    """A registered data set; see `register`."""

    name: str
    loader: Loader
    needs: tuple[tuple[str, ...], ...]
    help: str
    remote: tuple[Remote, ...]
    refused: tuple[tuple[str, str], ...]

    def find_missing(self, folder: Path) -> list[str]:
        """Return the needed files that a folder lacks; of alternatives, name the first."""
        return [paths[0] for paths in self.needs if not any((folder / path).exists() for path in paths)]


_ENTRIES: dict[str, Entry] = {}


def register(
    name: str,
    loader: Loader,
    *,
    needs: Sequence[str | tuple[str, ...]] = (),
    help: str = "",
    remote: Sequence[Remote] = (),
    refused: Sequence[tuple[str, str]] = (),
) -> None:
    """Add a data set to those that `load` reads.

    Parameters
    ----------
    name : its name in `load`, in lower case.
    loader : `loader(folder, **options) -> DataSet`; keyword-only options become options of `load`.
    needs : files or folders, relative to the data folder. A tuple holds alternatives: one of them is enough.
        A data set that needs no file is built in.
    help : one sentence for the error about missing files: what they are and where they come from.
    remote : files that `download=True` fetches; each needs a checksum.
    refused : (path, reason) of similar files that are not read, for the error about missing files.

    Raises
    ------
    ValueError
        If another data set has this name.
    """
    check_text(name, "name")
    check_callable(loader, "loader", "a function (folder, **options) that returns a DataSet")
    list_of(needs, (str, tuple), "needs", "a list of paths, or of tuples of them")
    list_of(remote, Remote, "remote", "a list of netsci.data.Remote")
    list_of(refused, tuple, "refused", "a list of pairs (path, reason)")
    groups = tuple((paths,) if isinstance(paths, str) else tuple(paths) for paths in needs)
    known = _ENTRIES.get(name)
    if known is not None and _place_of(known.loader) != _place_of(loader):
        raise ValueError(f"name {name!r} is taken by {known.loader.__module__}: choose another one")
    _ENTRIES[name] = Entry(name, loader, groups, help, tuple(remote), tuple(refused))


def _place_of(loader: Loader) -> tuple[str, str]:
    """Return module and name of a loader; an object that can be called has those of its class."""
    named = loader if hasattr(loader, "__qualname__") else type(loader)
    return named.__module__, named.__qualname__


def names() -> tuple[str, ...]:
    """Return the names of all data sets that `load` knows, sorted, also of those without files.

    >>> "digits" in names()
    True
    """
    return tuple(sorted(_ENTRIES))


def available(folder: str | Path | None = None) -> tuple[str, ...]:
    """Return the names of the data sets that can be loaded now: built in, or with all their files in place.

    Parameters
    ----------
    folder : as in `load`. Only the existence of files is checked.

    >>> "digits" in available()
    True
    """
    looked = places(folder)
    return tuple(
        name
        for name, entry in sorted(_ENTRIES.items())
        if any(not entry.find_missing(place) for place in looked)
    )


def load(name: str, *, folder: str | Path | None = None, download: bool = False, **options: Any) -> DataSet:
    """Read a data set by name.

    Parameters
    ----------
    name : one of `names()`.
    folder : where the files are. None looks first in the folder that the environment variable NETSCI_DATA
        names, then in the user's cache (the variable NETSCI_CACHE sets another place for it).
    download : fetch missing files into `folder`, or with folder=None into the cache; check their checksums.
    options : options of the data set, such as verify=False, which skips the checks against the release.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If an option is unknown.
    DataError
        If files are missing, damaged or of another kind. The message says which file to put where.

    Examples
    --------
    >>> load("digits").y_test[:2].tolist()
    [4, 8]
    """
    entry = _entry(name)
    _check_options(entry, options)
    if not isinstance(download, bool):
        raise TypeError(f"download must be True or False; got {download!r}")
    if folder is not None:
        check_path(folder, "folder")
    if not entry.needs:
        return entry.loader(Path(folder or ""), **options)
    looked = places(folder)
    for place in looked:
        if not entry.find_missing(place):
            return entry.loader(place, **options)
    if not download:
        raise _missing_error(entry, looked, asked=folder is not None)
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
        check_path(folder, "folder")
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
    """Return the first of several paths that exists in a folder.

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
            raise TypeError(f"{option} is not an option of {entry.name}: {known}")


def _missing_error(entry: Entry, looked: tuple[Path, ...], *, asked: bool) -> DataError:
    mend = f"put what is missing there, or let folder= or {DATA} name the folder that has it"
    if entry.remote:
        mend += ", or pass download=True"
    mend = f"{mend}. {entry.help}".rstrip()
    for place in looked:
        for path, reason in entry.refused:
            if (place / path).exists():
                return DataError(place / path, reason, f"for {entry.find_missing(place)[0]}: {mend}")
    lacks = "which this folder lacks" if looked[0].is_dir() else "and there is no such folder"
    reason = f"{entry.name} needs {', '.join(entry.find_missing(looked[0]))}, {lacks}"
    if len(looked) > 1:
        reason += f" (nor is it all in {looked[-1]})"
    elif not asked:
        reason += f" ({DATA} is not set)"
    return DataError(looked[0], reason, mend)
