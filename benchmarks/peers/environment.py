"""The peers' own virtual environment: made when missing or when its requirements have changed."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "benchmarks" / "peers.txt"


def folder() -> Path:
    """Return where the environment lies: NETSCI_PEERS_VENV, or .venv-peers in the repository."""
    return Path(os.environ.get("NETSCI_PEERS_VENV") or ROOT / ".venv-peers").absolute()


def pinned(text: str) -> dict[str, str]:
    """Return name -> version of requirements that are all pinned, in order."""
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    pairs = [line.partition("==") for line in lines if line]
    loose = [name for name, _, version in pairs if not version]
    if loose:
        raise ValueError(f"peers.txt must pin everything, name==version; not pinned: {', '.join(loose)}")
    return {name.lower(): version for name, _, version in pairs}


def ready() -> Path:
    """Return the environment's interpreter, after building the environment if need be."""
    place, text = folder(), REQUIREMENTS.read_text()
    python, stamp = place / "bin" / "python", place / ".stamp"
    if stamp.is_file() and stamp.read_text() == sha256(text.encode()).hexdigest():
        return python
    print(f"bench: setting up {place} (once; a few minutes)", file=sys.stderr)
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    _install(python, pinned(text))
    stamp.write_text(sha256(text.encode()).hexdigest())
    return python


def _install(python: Path, versions: dict[str, str]) -> None:
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-deps"]
    torch = f"torch=={versions['torch']}"
    rest = [f"{name}=={version}" for name, version in versions.items() if name != "torch"]
    # A dry run tells whether pip would take a CUDA build, of several gigabytes, as elsewhere in the project.
    asked = subprocess.run(
        [str(python), str(ROOT / ".ci" / "torch_is_cpu.py"), versions["torch"]], check=False
    )
    if asked.returncode == 0:
        subprocess.run([*pip, torch], check=True)
    elif asked.returncode == 3:
        subprocess.run([*pip, "uv"], check=True)
        uv = [str(python), "-m", "uv", "pip", "install", "--quiet", "--python", str(python), "--no-deps"]
        subprocess.run([*uv, "--torch-backend", "cpu", torch], check=True)
    else:
        raise SystemExit("bench: pip could not say which build of torch it would install: see above")
    subprocess.run([*pip, *rest], check=True)
