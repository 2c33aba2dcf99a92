"""Reference embeddings and their scores, which several tests read."""

import json
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[2] / "golden" / "coalescent"
SCORES = {
    name: json.loads((GOLDEN / f"{name}_scores.json").read_text())
    for name in ("karate", "npso100_g2", "opsahl_11")
}
CASES = [
    pytest.param(name, case, angles, id=f"{name}-{case}-{angles}")
    for name, golden in SCORES.items()
    for case, found in golden["cases"].items()
    for angles in found
]
