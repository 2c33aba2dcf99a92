"""What runs and traces show in a notebook."""

import numpy as np

from netsci.measure import Trace
from netsci.measure.representation import MOST_ROWS
from netsci.measure.trace_parts import PopulationTrace, ProjectionTrace
from netsci.report import inspect
from netsci.train import PRESETS, train


def small_run(epochs: int = 2, **options):
    recipe = PRESETS["digits-2fc"].replace(options=(("hidden", (16,)),), steps=2, epochs=epochs, limit=50)
    return train(recipe.replace(test_limit=20, sparsity=0.8), **options)


def test_a_run_shows_its_measures_and_gives_its_network() -> None:
    run = small_run()
    shown = run._repr_html_()
    assert "<b>Run</b>: mlp on " in shown
    assert "finished of 2 epochs" in shown
    assert "<th>before training</th><th>epoch 1</th><th>epoch 2</th>" in shown
    assert "<td>accuracy</td><td>" in shown
    last = run.table[(run.table["epoch"] == 2) & (run.table["measure"] == "loss")]["value"].iloc[0]
    assert f"<td>{last:.4g}</td>" in shown
    page = inspect(run)
    assert page.table["links"].sum() == inspect(run.model).table["links"].sum()


def test_a_run_that_was_stopped_says_so() -> None:
    shown = small_run(epochs=3, stop_after=1)._repr_html_()
    assert "stopped after epoch 1 of 3 epochs" in shown
    assert "epoch 3" not in shown.replace("of 3 epochs", "")


def test_a_trace_shows_populations_and_projections() -> None:
    pixels = PopulationTrace("<input>", np.array([3, 1]), np.array([4, 0]), is_input=True)
    seen = ProjectionTrace("fc", np.array([3, 1]), np.array([2, 0]), links=2, dense_links=8)
    shown = Trace(2, 2, (pixels,), (seen,), ("attention",))._repr_html_()
    assert "<b>Trace</b>: 2 samples, 2 steps: 4 spikes, 6 synaptic operations" in shown
    assert "&lt;input&gt;" in shown
    assert "<input>" not in shown
    assert "<td>fc</td><td>2</td><td>6</td>" in shown
    assert "not counted: attention" in shown


def test_a_trace_of_many_layers_stays_small() -> None:
    parts = tuple(
        ProjectionTrace(f"fc{i}", np.array([1]), np.array([1]), links=1, dense_links=1) for i in range(25)
    )
    shown = Trace(1, 1, (), parts)._repr_html_()
    assert f"and {25 - MOST_ROWS} more" in shown
    assert "fc24" not in shown
