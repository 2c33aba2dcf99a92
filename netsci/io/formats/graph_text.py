"""Graph files that are text: which format, which encoding, their lines, and XML parsed without expansion."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NoReturn
from xml.parsers import expat

from netsci.io.errors import CheckpointError, printable
from netsci.io.guess import Guess
from netsci.io.limits import MAX_XML

GML, PAJEK, JSON, TABLE, MATRIX_MARKET = "gml", "pajek", "json", "table", "matrix market"
MAX_LINE = 2**26  # characters: a row of a matrix with millions of columns
MAX_TAG = 2**20  # bytes of one tag, comment or instruction
_BLOCK = 2**16  # bytes parsed at once
_MAX_DEPTH = 64
_BYTES = 2**20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FALLBACKS = ("cp1252", "latin-1")
_NOT_1252 = b"\x81\x8d\x8f\x90\x9d"


def text_kind(head: bytes) -> str | None:
    """Return which kind of graph file a text is by its first bytes, None where they are no text.

    >>> text_kind(b"*Vertices 3"), text_kind(b"graph [ directed 1"), text_kind(b"a b 1.5")
    ('pajek', 'gml', 'table')
    """
    text = _decode(head).lstrip("\ufeff").lstrip().replace("\r", "\n")
    if not text or sum(c.isprintable() or c in "\t\n\f" for c in text) < 0.9 * len(text) or "\0" in text:
        return None
    if text.startswith("%%MatrixMarket"):
        return MATRIX_MARKET
    if text[0] in "{[":
        return JSON
    if re.search(r"^\s*\*(vertices|network)\b", text, re.MULTILINE | re.IGNORECASE):
        return PAJEK
    # "Creator" is how most GML begins; a file cut before its graph is still no list of links.
    return GML if re.search(r"(^|\s)graph\s*\[|^\w*Creator\s+\"", text, re.MULTILINE) else TABLE


def encoding_of(path: Path) -> str:
    """Return the encoding of a text file: by its mark, else UTF-8, else a Western European one."""
    with open(path, "rb") as stream:
        marked = _by_mark(stream.read(4096))
        if marked:
            return marked
        stream.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while block := stream.read(_BYTES):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            stream.seek(0)
            return _find_western(stream)
    return "utf-8"


def _find_western(stream: IO[bytes]) -> str:
    """Return Windows-1252, or Latin-1 where a byte is none of its characters; either takes any other byte."""
    while block := stream.read(_BYTES):
        if block.translate(None, _NOT_1252) != block:
            return "latin-1"
    return "cp1252"


def encoding_guess(path: Path) -> list[str]:
    """Return what to say where the encoding of a text is a guess."""
    if encoding_of(path) not in _FALLBACKS:
        return []
    return [
        Guess(
            "its text is not UTF-8 and has no mark: read as Western European (Windows-1252), so names may be "
            "wrong; if they are, save it as UTF-8"
        )
    ]


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number (from 1) and text of every line that is not blank, whatever ends the lines."""
    check_text_size(path)
    with open(path, encoding=encoding_of(path), newline=None) as stream:
        number = 0
        while line := stream.readline(MAX_LINE):
            number += 1
            if len(line) == MAX_LINE:
                raise CheckpointError(
                    path, f"line {number} is longer than {MAX_LINE:,} characters", "split it"
                )
            if "\0" in line:
                raise CheckpointError(
                    path, f"line {number} holds zero bytes, so it is not text: damaged", "fetch it again"
                )
            if line := line.strip(" \r\n\f\v"):
                yield number, line


def whole_text(path: Path) -> str:
    """Return the text of a file."""
    check_text_size(path)
    with open(path, encoding=encoding_of(path), newline=None) as stream:
        return stream.read()


def check_text_size(path: Path) -> None:
    """Raise CheckpointError for a graph file above the limit."""
    if path.stat().st_size > MAX_XML:
        raise CheckpointError(path, f"a graph file above the limit of {MAX_XML:,} bytes", "use a sparse npz")


def check_claim(path: Path, claimed: int, held: int, what: str) -> None:
    """Raise CheckpointError where a file of `held` bytes claims more than so many nodes can be in it."""
    # A node without a line of its own is legal, so small claims pass whatever the file holds.
    if claimed > max(100_000, held):
        raise CheckpointError(
            path,
            f"it claims {claimed:,} {what} in {held:,} bytes: damaged, or made to fill the memory",
            "fetch or write it again; if it is that large, save its matrix with scipy.sparse.save_npz",
        )


def parse_xml(
    path: Path,
    start: Callable[[str, dict[str, str], int], Any],
    end: Callable[[str], Any] | None = None,
    text: Callable[[str], Any] | None = None,
    *,
    stream: IO[bytes] | None = None,
) -> None:
    """Parse XML: `start(tag, attributes, depth)`, `end(tag)`, no namespace; `stream`: a part of the file.

    Refused are document types, entities and deep nesting. On events rather than bytes, because a declared
    encoding can spell `<!DOCTYPE` in other bytes.
    """
    parser = expat.ParserCreate()
    depth = 0

    def doctype(name: str, *rest: Any) -> NoReturn:
        if name.lower() == "html":
            raise web_page(path)
        refuse()

    def refuse(*_: Any) -> NoReturn:
        raise CheckpointError(
            path,
            "the XML declares a document type or entities, which can expand without end",
            "write it again without DOCTYPE, for instance with networkx.write_graphml",
        )

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        start(name.rpartition(":")[2], attributes, depth)
        depth += 1
        if depth > _MAX_DEPTH:
            raise CheckpointError(path, f"its XML nests deeper than {_MAX_DEPTH}", "write it again")

    def finish(name: str) -> None:
        nonlocal depth
        depth -= 1
        if end is not None:
            end(name.rpartition(":")[2])

    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = finish
    if text is not None:
        parser.buffer_text = True
        parser.CharacterDataHandler = text
    fed = 0
    with open(path, "rb") if stream is None else contextlib.nullcontext(stream) as source:
        while block := source.read(_BLOCK):
            parser.Parse(block, False)
            fed += len(block)
            # Before 2.6 expat reads a tag that has not ended again with every block.
            if fed - parser.CurrentByteIndex > MAX_TAG:
                raise CheckpointError(
                    path,
                    f"a tag, comment or instruction of its XML has more than {MAX_TAG:,} bytes",
                    "shorten its attributes, or write it again",
                )
        parser.Parse(b"", True)


class _Root(Exception):
    """Carries the name of a root element out of the parser."""


def xml_root(path: Path) -> str:
    """Return the name of the root element in small letters, or refuse a web page or document type."""

    def stop(name: str, *rest: Any) -> NoReturn:
        raise _Root(name)

    try:
        parse_xml(path, stop)
    except _Root as found:
        root = printable(found.args[0]).lower()
        if root == "html":
            raise web_page(path) from None
        return root
    return ""


def web_page(path: Path) -> CheckpointError:
    """Return the error for a page saved in place of the file."""
    return CheckpointError(
        path,
        "this is a web page (HTML), not the file itself",
        "download it again from the page's download or raw link",
    )


def _decode(head: bytes) -> str:
    """Return the first bytes of a text as text: by its mark, else as UTF-8, else as Latin-1."""
    marked = _by_mark(head)
    if marked is None:
        try:
            return codecs.getincrementaldecoder("utf-8")().decode(head)  # its last character may be cut
        except UnicodeDecodeError:
            marked = "latin-1"
    return head.decode(marked, errors="replace")


def _by_mark(head: bytes) -> str | None:
    """Return the encoding that a byte order mark or the place of zero bytes tells."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if len(head) >= 4 and b"\0" in head[:64]:
        pairs = head[: 64 - len(head[:64]) % 2 or 64]
        if not any(pairs[::2]) and all(pairs[1::2]):
            return "utf-16-be"
        if not any(pairs[1::2]) and all(pairs[::2]):
            return "utf-16-le"
    return None
