"""A notebook and its text are one document."""

from pathlib import Path

import jupytext
import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_text_and_notebook_say_the_same(path):
    text, notebook = jupytext.read(path), jupytext.read(path.with_suffix(".ipynb"))
    assert [(c.cell_type, c.source) for c in text.cells] == [(c.cell_type, c.source) for c in notebook.cells]


def test_every_notebook_has_its_text():
    notebooks, texts = ({path.stem for path in FOLDER.glob(kind)} for kind in ("*.ipynb", "*.py"))
    assert notebooks == texts
    assert notebooks
