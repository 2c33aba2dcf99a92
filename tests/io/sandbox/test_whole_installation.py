"""What is missing in the installation is no damage of a file."""

import sys
from pathlib import Path

import pytest

from netsci.io import CheckpointError, load
from netsci.io.sandbox.isolation import explain_error


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("h5py", "install what some formats need (pip install 'netsci-suite[formats,torch]'), or install"),
        ("netsci.io.formats.gml", "install netsci-suite anew (pip install --force-reinstall netsci-suite)"),
        ("no; name", "install netsci-suite anew"),
    ],
)
def test_a_missing_module_is_no_damage_of_the_file(name: str, mend: str) -> None:
    reason, way = explain_error(ModuleNotFoundError(f"No module named {name!r}", name=name))
    shown = "a module" if ";" in name else name
    assert reason == f"this installation is not whole: {shown} cannot be imported, so the file is not read"
    assert way.startswith(mend)
    assert "damaged" in explain_error(ValueError("x"))[0]


def test_a_missing_module_is_told_by_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.gml").write_text("graph [ node [ id 0 ] node [ id 1 ] edge [ source 0 target 1 ] ]")
    monkeypatch.setitem(sys.modules, "netsci.io.formats.gml", None)
    with pytest.raises(CheckpointError, match=r"not whole: netsci\.io\.formats\.gml cannot be imported"):
        load(tmp_path / "net.gml", isolate=False)
