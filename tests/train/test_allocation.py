"""Memory that a program keeps: page faults of arrays that come and go."""

import os
import platform
import subprocess
import sys

import pytest

COUNT = """
import resource
import numpy as np
from netsci.train import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        np.ones(2**23)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

before = faults()
kept = keep_freed_memory()
np.ones(2**23)
print(kept, before, faults())
"""
glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="malloc is tuned where glibc is")


def counted(**settings):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    clean.pop("GLIBC_TUNABLES", None)
    run = subprocess.run(
        [sys.executable, "-c", COUNT], env=clean | settings, capture_output=True, text=True, check=True
    )
    kept, before, after = run.stdout.split()
    return kept == "True", int(before), int(after)


@glibc
def test_large_arrays_are_cleared_once():
    kept, before, after = counted()
    assert kept
    assert after < before / 10


@glibc
@pytest.mark.parametrize("name", ["MALLOC_TOP_PAD_", "GLIBC_TUNABLES"])
def test_settings_of_the_user_are_left_alone(name):
    value = "glibc.malloc.top_pad=4096" if name == "GLIBC_TUNABLES" else "4096"
    assert not counted(**{name: value})[0]
