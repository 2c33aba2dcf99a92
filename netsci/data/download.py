"""Fetching the files of a data set, each checked against a known checksum before it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netsci.data.errors import DataError


@dataclass(frozen=True)
class Remote:
    """A file that can be fetched: its path in the data folder, urls to try in turn, its checksum.

    The checksum is 64 hexadecimal digits of SHA-256, or "md5:..." where the authors give no other.
    """

    path: str
    urls: tuple[str, ...]
    checksum: str


def fetch(files: Sequence[Remote], folder: Path) -> None:
    """Fetch the files that a folder lacks; a file with the right checksum is not fetched again.

    Parameters
    ----------
    files : what to fetch; the addresses of a file are tried in turn.
    folder : the data folder, made if need be.

    Raises
    ------
    DataError
        If no address gives the file, or what it gives has another checksum: then nothing is written.
    """
    for file in files:
        _fetch(file, folder)


def _fetch(file: Remote, folder: Path) -> None:
    import pooch

    target = folder / file.path
    # pooch would replace a file of another content without asking, and it may be the user's own.
    if target.exists():
        if not pooch.hashes.hash_matches(str(target), file.checksum):
            raise DataError(
                target,
                f"it is here, but is not the official file (checksum {file.checksum})",
                "move it away and fetch again",
            )
        return
    found = []
    for url in file.urls:
        try:
            pooch.retrieve(url, known_hash=file.checksum, fname=target.name, path=target.parent)
        # A failed connection or an HTTP status is an OSError of requests, another checksum a ValueError.
        except (OSError, ValueError) as error:
            found.append(f"{url} ({' '.join(str(error).split())[:200]})")
        else:
            return
    raise DataError(
        target,
        f"it could not be fetched from {', nor from '.join(found)}",
        "look at the connection, or fetch it elsewhere and put it there",
    )
