"""Exit 0 if the torch that pip would install here is a CPU build, 3 if it would bring CUDA, else 1.

Only metadata is fetched: a dry run, without dependencies.
"""

import json
import subprocess
import sys

from pip._vendor.packaging.requirements import Requirement

question = ["install", "--quiet", "--dry-run", "--no-deps", "--ignore-installed", "--report", "-"]
report = subprocess.run(
    [sys.executable, "-m", "pip", *question, f"torch=={sys.argv[1]}"],
    check=True,
    stdout=subprocess.PIPE,
    text=True,
).stdout
metadata = json.loads(report)["install"][0]["metadata"]
needed = [Requirement(text) for text in metadata.get("requires_dist", [])]
applying = [r.name.lower() for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})]
brings_cuda = any(name.startswith(("nvidia", "cuda", "triton")) for name in applying)
sys.exit(3 if brings_cuda or "+cu" in metadata["version"] else 0)
