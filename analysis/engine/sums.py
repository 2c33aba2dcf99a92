"""List the checksums of results that hold none of their own: `python -m analysis.engine.sums`.

Records and tables of today hold their SHA-256. Those that were committed before keep their bytes, and their
sums stand in analysis/results/sums.json. Run this only after looking at what has changed.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from netsci.io.files import sha256, write_atomically
from netsci.sweep.records import SUMS

RESULTS = Path(__file__).resolve().parents[1] / "results"


def list_sums(results: Path) -> dict[str, str]:
    """Return the SHA-256 of each record and table that has none of its own, by its name in the folder."""
    found = {}
    for path in sorted(results.glob("records/*.npz")):
        with np.load(path, allow_pickle=False) as stored:
            if "sha256" not in stored.files:
                found[f"records/{path.name}"] = sha256(path)
    for place in sorted(results.glob("*/provenance.json")):
        if "sha256" not in json.loads(place.read_text(encoding="utf-8")):
            for path in (*sorted(place.parent.glob("*.csv")), place):
                found[f"{place.parent.name}/{path.name}"] = sha256(path)
    return found


def main() -> None:
    """Write the list beside the results."""
    sums = list_sums(RESULTS)
    write_atomically(RESULTS / SUMS, json.dumps(sums, indent=1) + "\n")
    print(f"{len(sums)} files in {RESULTS / SUMS}")


if __name__ == "__main__":
    main()
