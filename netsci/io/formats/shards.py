"""Read safetensors in several files as one network."""

from __future__ import annotations

from pathlib import Path

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.safetensors_file import read_safetensors
from netsci.io.limits import check_count
from netsci.io.network.contents import Contents
from netsci.io.shards import find_shards


def read_shards(path: Path) -> Contents:
    """Read the arrays of all files of a model; see `netsci.io.shards`.

    Raises
    ------
    CheckpointError
        If a file lacks an array that the index promises, two files hold one name, or a file is damaged.
    """
    files = find_shards(path)
    whole = Contents("safetensors", {}, "out_in", False)
    for file in sorted(files):
        contents = read_safetensors(file)
        names = {*contents.arrays, *contents.small}
        held = {*whole.arrays, *whole.small}
        twice = names & held
        if twice:
            shown = printable(sorted(twice)[0])
            raise CheckpointError(path, f"two of its files hold {shown}", "fetch or save it again")
        whole.arrays |= contents.arrays
        whole.small |= contents.small
        whole.notes += contents.notes
        whole.lengths |= contents.lengths
        whole.kind = contents.kind
        check_count(path, len(whole.arrays) + len(whole.small), "arrays")
    missing = {name for names in files.values() for name in names} - set(whole.names)
    if missing:
        shown = printable(sorted(missing)[0])
        raise CheckpointError(
            path, f"its index promises {shown}, which its file does not hold", "fetch or save it again"
        )
    whole.kind = f"{whole.kind} in {len(files)} files" if len(files) > 1 else whole.kind
    return whole
