"""Read folders and zip archives of many small files in the same way: sorted names, and bytes by name."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path
from typing import Protocol

from netsci.data.errors import DataError, check_regular

LARGEST = 1 << 28  # bytes of one file; an image is never as large, a damaged header may promise it


class Files(Protocol):
    """Many files under one path; names are relative, with "/" between parts."""

    path: Path

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""

    def read(self, name: str) -> bytes:
        """Return the bytes of one file."""

    def checksum(self) -> str:
        """Return the SHA-256 of all files."""


class FolderFiles:
    """The files under a folder, at any depth."""

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise DataError(path, "it is not a folder", "give the unpacked folder of images")
        self.path = path

    def names(self) -> list[str]:
        """Return the names of all files, sorted; links to folders are followed, hidden files left out.

        A link to a folder that holds it is not followed: its files have names already.
        """
        found = []
        above: dict[str, tuple[str, ...]] = {"": (os.path.realpath(self.path),)}
        for folder, inner, files in os.walk(self.path, followlinks=True, onerror=self._unreadable):
            at = Path(folder).relative_to(self.path).as_posix()
            prefix = "" if at == "." else f"{at}/"
            found += [prefix + file for file in files if not file.startswith(".")]
            real, open_folders = above.pop(prefix), []
            for name in inner:
                path = os.path.realpath(os.path.join(folder, name))
                if path not in real:
                    above[f"{prefix}{name}/"] = (*real, path)
                    open_folders.append(name)
            inner[:] = open_folders
        return sorted(found)

    @staticmethod
    def _unreadable(error: OSError) -> None:
        where = error.filename or "a folder"
        raise DataError(where, f"it cannot be read ({error.strerror})", "look at its permissions") from error

    def read(self, name: str) -> bytes:
        """Return the bytes of one file."""
        check_regular(self.path / name)
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise DataError(
                self.path / name, f"it cannot be read ({error.strerror})", "unpack the data set again"
            ) from error

    def checksum(self) -> str:
        """Return the SHA-256 over the name and the bytes of every file: all of it is read."""
        digest = hashlib.sha256()
        for name in self.names():
            content = self.read(name)
            digest.update(f"{name}\0{len(content)}\0".encode(errors="surrogateescape"))
            digest.update(content)
        return digest.hexdigest()


class ZipFiles:
    """The files in a zip archive; a single folder that holds everything is left out of their names.

    Hidden files are left out, and the folder __MACOSX that archives made on a Mac hold.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        check_regular(path)
        try:
            self._zip = zipfile.ZipFile(path)
        # NotImplementedError: the entry asks for a later version of the format.
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise DataError(path, f"it is not a complete zip archive ({error})", "fetch it again") from error
        entries = {
            entry.filename: entry
            for entry in self._zip.infolist()
            if not entry.is_dir()
            and not entry.filename.startswith("__MACOSX/")
            and not entry.filename.rpartition("/")[2].startswith(".")
        }
        tops = {name.split("/")[0] for name in entries}
        inside = len(tops) == 1 and all("/" in name for name in entries)
        cut = len(tops.pop()) + 1 if inside else 0
        self._entries = {name[cut:]: entry for name, entry in entries.items()}

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        return sorted(self._entries)

    def read(self, name: str) -> bytes:
        """Return the bytes of one file, checked against the CRC in the archive."""
        entry = self._entries[name]
        where = self.path / name
        if entry.file_size > LARGEST:
            raise DataError(where, f"it unpacks to {entry.file_size} bytes", "fetch the archive again")
        try:
            return self._zip.read(entry)
        # What is raised for damage has no common base (BadZipFile, zlib.error, LZMAError, EOFError,
        # UnicodeDecodeError, RuntimeError where the entry is encrypted, NotImplementedError, ...).
        except Exception as error:
            raise DataError(where, f"it cannot be unpacked ({error})", "fetch the archive again") from error

    def checksum(self) -> str:
        """Return the SHA-256 of the archive."""
        with open(self.path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def open_files(path: Path) -> Files:
    """Return the files of a folder or of a zip archive."""
    return FolderFiles(path) if path.is_dir() else ZipFiles(path)
