"""Excel workbooks (.xlsx): one sheet, written as lines with tabs and read as a table.

The reader is our own and small: it takes texts and numbers of cells and nothing else, and parses the XML as
that of graph files is parsed, without document types and entities.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.graph_text import parse_xml
from netsci.io.limits import MAX_XML, check_members

_BOOK, _LINKS, _TEXTS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml"
_MOST_COLUMNS = 16_384  # of a sheet, by the format
_MOST_BLANKS = 2**24  # cells that are skipped, all rows together
_AS_CSV = "save the sheet as CSV"


def is_workbook(path: Path) -> bool:
    """Whether a zip archive is an Excel workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _BOOK in archive.namelist()
    except Exception:  # damaged: said by whoever reads zip archives
        return False


def write_sheet(path: Path, out: IO[bytes], select: str | None) -> None:
    """Write the cells of one sheet as UTF-8 lines, cells separated by tabs.

    Raises CheckpointError if several sheets hold cells and `select` names none, or one that is not there.
    """
    with zipfile.ZipFile(path) as archive:
        members = {member.filename: member for member in archive.infolist()}
        check_members(path, archive.infolist(), path.stat().st_size)
        if sum(member.file_size for member in members.values()) > MAX_XML:
            raise CheckpointError(path, f"the workbook unpacks to more than {MAX_XML:,} bytes", _AS_CSV)
        sheets = _list_sheets(path, archive)
        texts = _read_texts(path, archive) if _TEXTS in members else []
        if select is not None:
            if select not in sheets:
                held = ", ".join(map(printable, list(sheets)[:12]))
                raise CheckpointError(
                    path, f"it has no sheet {printable(select)!r}", f"select one of: {held}"
                )
            sheets = {select: sheets[select]}
        rows = {name: _read_rows(path, archive, place, texts) for name, place in sheets.items()}
    filled = {name: lines for name, lines in rows.items() if lines}
    if not filled:
        raise CheckpointError(path, "no sheet of this workbook holds a cell", "save it again")
    if len(filled) > 1:
        held = ", ".join(map(printable, list(filled)[:12]))
        raise CheckpointError(
            path, f"{len(filled)} sheets hold cells: {held}", "choose one by --select NAME (select=)"
        )
    for line in next(iter(filled.values())):
        out.write(line.encode() + b"\n")
    out.flush()


def _list_sheets(path: Path, archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the member of each sheet of cells by the sheet's name, in the workbook's order."""
    targets: dict[str, str] = {}
    found: dict[str, str] = {}

    def link(tag: str, attributes: dict[str, str], depth: int) -> None:
        if tag == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            target = attributes.get("Target", "")
            targets[attributes.get("Id", "")] = target[1:] if target.startswith("/") else f"xl/{target}"

    def sheet(tag: str, attributes: dict[str, str], depth: int) -> None:
        identity = next((value for key, value in attributes.items() if key.endswith(":id")), "")
        if tag == "sheet" and targets.get(identity) in archive.namelist():
            found[attributes.get("name", identity)] = targets[identity]

    for member, start in ((_LINKS, link), (_BOOK, sheet)):
        _parse(path, archive, member, start)
    if not found:
        raise CheckpointError(path, "this workbook has no sheet of cells", _AS_CSV)
    return found


def _read_texts(path: Path, archive: zipfile.ZipFile) -> list[str]:
    """Return the texts that cells share."""
    reader = _Texts("si")
    _parse(path, archive, _TEXTS, reader.start, reader.end, reader.text)
    return reader.found


class _Texts:
    """Collects the text of every element of one kind; that of its readings (furigana) is left out."""

    def __init__(self, element: str) -> None:
        self.element = element
        self.found: list[str] = []
        self._parts: list[str] = []
        self._inside = self._reading = False

    def start(self, tag: str, attributes: dict[str, str], depth: int) -> None:
        if tag == self.element:
            self._parts = []
        self._reading = self._reading or tag == "rPh"
        self._inside = tag == "t" and not self._reading

    def end(self, tag: str) -> None:
        self._inside = False
        if tag == "rPh":
            self._reading = False
        if tag == self.element:
            self.found.append("".join(self._parts))

    def text(self, data: str) -> None:
        if self._inside:
            self._parts.append(data)


def _read_rows(path: Path, archive: zipfile.ZipFile, member: str, texts: list[str]) -> list[str]:
    """Return the rows of a sheet that hold something, as lines with as many tabs each."""
    sheet = _Sheet(path, texts)
    _parse(path, archive, member, sheet.start, sheet.end, sheet.text)
    width = max(map(len, sheet.rows), default=0)
    if width * len(sheet.rows) - sum(map(len, sheet.rows)) > _MOST_BLANKS:
        raise CheckpointError(path, "its sheet holds too many blank cells", _AS_CSV)
    return ["\t".join(row + [""] * (width - len(row))) for row in sheet.rows]


class _Sheet:
    """The cells of a sheet, collected while it is parsed."""

    def __init__(self, path: Path, texts: list[str]) -> None:
        self.path, self.texts = path, texts
        self.rows: list[list[str]] = []
        self._row: list[str] = []
        self._column, self._type = 0, ""
        self._parts: list[str] = []
        self._takes = self._reading = False
        self._blanks = 0

    def start(self, tag: str, attributes: dict[str, str], depth: int) -> None:
        if tag == "row":
            self._row = []
        elif tag == "c":
            self._type, self._parts = attributes.get("t", "n"), []
            self._column = self._number_of(attributes.get("r", ""))
        self._reading = self._reading or tag == "rPh"
        self._takes = tag in ("v", "t") and not self._reading

    def end(self, tag: str) -> None:
        self._takes = False
        if tag == "rPh":
            self._reading = False
        elif tag == "c":
            value = self._value("".join(self._parts))
            self._blanks += self._column - len(self._row)
            if self._blanks > _MOST_BLANKS:
                raise CheckpointError(self.path, "its sheet holds too many blank cells", _AS_CSV)
            self._row += [""] * (self._column - len(self._row)) + [value]
        elif tag == "row":
            while self._row and not self._row[-1]:
                self._row.pop()
            if self._row:
                self.rows.append(self._row)

    def text(self, data: str) -> None:
        if self._takes:
            self._parts.append(data)

    def _number_of(self, place: str) -> int:
        """Return the column of a cell from 0 by its reference (B7); without one it follows the last."""
        letters = re.match(r"[A-Z]{1,3}(?=\d)", place)
        if not letters:
            return len(self._row)
        column = 0
        for letter in letters[0]:
            column = 26 * column + ord(letter) - 64
        if not len(self._row) < column <= _MOST_COLUMNS:
            raise CheckpointError(
                self.path, f"its cell {printable(place)} is out of place: damaged", "save it again"
            )
        return column - 1

    def _value(self, text: str) -> str:
        if self._type == "s":
            number = int(text) if re.fullmatch(r"\d{1,9}", text) else len(self.texts)
            if number >= len(self.texts):
                raise CheckpointError(
                    self.path, "a cell names a text that is not there: damaged", "save it again"
                )
            text = self.texts[number]
        return re.sub(r"\s+", " ", text).strip()


def _parse(
    path: Path,
    archive: zipfile.ZipFile,
    member: str,
    start: Callable[[str, dict[str, str], int], Any],
    end: Callable[[str], Any] | None = None,
    text: Callable[[str], Any] | None = None,
) -> None:
    try:
        with archive.open(member) as stream:
            parse_xml(path, start, end, text, stream=stream)
    except KeyError as error:
        raise CheckpointError(path, f"this workbook lacks {member}: damaged", "save it again") from error
