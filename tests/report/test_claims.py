"""What a report says and draws is so: verdicts without overclaims, figures that show every place."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from netsci.graph import LayeredGraph, degree_exponent
from netsci.report import degrees, report
from netsci.report.adjacency import adjacency_section
from netsci.report.degrees import degree_section, fit_degrees
from netsci.report.disk import disk_section
from netsci.report.sections import build, measures, overview, percolation, remarks


def layers(*densities: float, size: int = 20) -> LayeredGraph:
    rng = np.random.default_rng(0)
    masks = [rng.random((size, size)) < density for density in densities]
    return LayeredGraph.from_masks(masks, weights=[np.where(mask, 1.0, 0.0) for mask in masks])


def table_of(section: Any) -> pd.DataFrame:
    assert isinstance(section.data, pd.DataFrame)
    return section.data


@pytest.mark.parametrize("shape", [(100, 10), (7, 163), (1, 50)])
def test_bins_fill_the_matrix_and_are_nearly_equal(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netsci.report.adjacency.MOST_POINTS", 0)
    mask = np.random.default_rng(0).random(shape) < 0.5
    section, _ = adjacency_section(LayeredGraph.from_masks([mask]))
    (trace,) = section.figure.data
    assert (trace.x[0], trace.x[-1]) == (-0.5, shape[1] - 0.5)
    assert (trace.y[0], trace.y[-1]) == (-0.5, shape[0] - 0.5)
    assert section.figure.layout.xaxis.range == (-0.5, shape[1] - 0.5)
    bins = table_of(section)
    assert np.ptp(bins["height"]) <= 1
    assert np.ptp(bins["width"]) <= 1
    for one in bins.itertuples():
        rows = slice(round(one.row - one.height / 2 + 0.5), round(one.row + one.height / 2 + 0.5))
        across = slice(round(one.column - one.width / 2 + 0.5), round(one.column + one.width / 2 + 0.5))
        assert one.links == mask[rows, across].sum()


def test_those_with_most_links_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = layers(0.1, 0.6, 0.2)
    most = graph.projections[1].name
    monkeypatch.setattr("netsci.report.adjacency.MOST_PANELS", 1)
    assert set(table_of(adjacency_section(graph)[0])["projection"]) == {most}
    monkeypatch.setattr("netsci.report.degrees.MOST_PANELS", 2)
    section, _ = degree_section(graph, fit_degrees(graph))
    assert isinstance(section.data, dict)
    assert set(section.data["degree-distributions"]["group"]) == {degrees.ALL, most}


def test_the_random_control_counts_units(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def fit(values: Any, **options: Any) -> Any:
        seen.append(values)
        return degree_exponent(values, **options)

    monkeypatch.setattr(degrees, "degree_exponent", fit)
    degrees._random_gamma(LayeredGraph.from_masks([np.ones((4, 3)), np.ones((6, 2))], rows_per_unit=[2, 2]))
    np.testing.assert_array_equal(seen[0], [6, 6, 8, 8, 8, 6, 6])  # full layers leave nothing to chance


def test_a_gamma_at_its_bound_is_no_number() -> None:
    from dataclasses import replace

    from netsci.graph import coalescent_embedding

    graph = layers(0.2, 0.2)
    real = coalescent_embedding(graph.adjacency(directed=False))
    for gamma in (1.01, 10.0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "netsci.report.disk.coalescent_embedding",
                lambda _, g=gamma, **options: replace(real, gamma=g, notes=("angles are so",)),
            )
            section, _ = disk_section(graph)
        captions = [a.text for a in section.figure.layout.annotations]
        assert any("γ at its bound" in text for text in captions)
        assert "gamma at its bound" in section.verdict
        assert "10.00" not in section.verdict + "".join(captions)
        assert "1.01" not in section.verdict + "".join(captions)
        assert section.notes[-1] == "Angles are so."


def test_no_exponent_of_few_nodes() -> None:
    few, enough = layers(0.2, 0.2), layers(0.2, 0.2, size=50)
    fits = fit_degrees(few)
    assert all(f.gamma is None and f.written is None for f in fits)
    section, undefined = degree_section(few, fits)
    assert section.table is not None
    assert section.table["gamma"].isna().all()
    assert section.table["scale-free"].isna().all()
    assert section.table["remarks"].str.contains("a fit needs 100").any()
    whole, _ = degree_section(enough, fit_degrees(enough))
    assert whole.table is not None
    assert whole.table["scale-free"].notna().any()  # the control: of enough nodes a verdict is given
    assert any("fewer than the 100 that a fit needs" in reason or "bound" in reason for reason in undefined)
    assert "gamma =" not in section.verdict
    section, _ = disk_section(few)
    assert "is no estimate" in section.verdict
    assert "gamma =" not in section.verdict
    assert any(f.gamma is not None or f.fit.at_bound or f.fit.n_tail < 10 for f in fit_degrees(enough))


def test_a_short_tail_has_a_dash_and_a_longer_one_stands_in_grey() -> None:
    from netsci.graph.degree.discrete_fit import TailFit, draw
    from netsci.report.degrees import DegreeFit
    from netsci.report.tables import Faint, html_table

    rng = np.random.default_rng(3)
    for size, kind in ((5, type(None)), (30, Faint), (400, float)):
        sequence = np.concatenate([np.full(200, 2), draw(TailFit(3.0, 21, 0.0), size, rng)])
        one = DegreeFit("fc", "presynaptic", sequence, degree_exponent(sequence, xmin=21))
        assert one.fit.n_tail == size
        assert type(one.written) is kind
    grey = DegreeFit("fc", "presynaptic", sequence, degree_exponent(sequence[:230], xmin=21)).written
    page = html_table(pd.DataFrame({"gamma": [grey, 2.5, None]}))
    assert f'<td class="number faint">{grey}</td>' in page
    assert " ± " in str(grey)
    assert page.count("faint") == 1


def test_random_links_are_the_baseline_of_scale_free(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    sizes = np.minimum(rng.zipf(2.5, 1500), 900)
    mask = np.zeros((1500, 1000), bool)
    for row, k in enumerate(sizes):
        mask[row, rng.choice(1000, k, replace=False)] = True
    graph = LayeredGraph.from_masks([mask], names=["fc"])
    fits = fit_degrees(graph)
    assert [f.fit.scale_free for f in fits if f.side == "presynaptic"] == [True]
    verdict = degree_section(graph, fits)[0].verdict
    assert "1 of 2 passes where random links do not: fc (presynaptic)" in verdict
    monkeypatch.setattr(degrees, "_count_random_passes", lambda graph, f: 3)
    assert "none of 2 passes beyond what random links do" in degree_section(graph, fits)[0].verdict


def test_the_auc_is_told_beside_that_of_equal_degrees() -> None:
    graph = layers(0.1, 0.3)
    section, missing = measures(graph, fit_degrees(graph))
    assert all(p.name in section.verdict for p in graph.projections)
    assert "99 random networks with the same degrees have" in section.verdict
    assert "No layer stands out." in section.verdict
    assert section.table is not None
    assert section.table[["CH3-L3 AUC", "same degrees", "p of AUC"]].notna().all(axis=None)
    assert "0.5 is random" not in " ".join(section.notes)
    assert not any("AUC" in reason for reason in missing)


def test_links_in_blocks_are_told_by_their_auc() -> None:
    rng = np.random.default_rng(3)
    blocks = np.kron(np.eye(3), np.ones((12, 10))) * (rng.random((36, 30)) < 0.5) > 0
    graph = LayeredGraph.from_masks([blocks, rng.random((30, 20)) < 0.2], names=["told", "random"])
    section, _ = measures(graph, fit_degrees(graph))
    assert "told (corrected p = 0.01) stands out" in section.verdict
    assert section.table is not None
    row = section.table.iloc[0]
    assert row["CH3-L3 AUC"] > row["same degrees"]


def test_an_auc_without_null_networks_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netsci.report.structure.MOST_LINKS", 50)
    graph = layers(0.1, 0.3)
    section, missing = measures(graph, fit_degrees(graph))
    assert section.table is not None
    assert section.table["CH3-L3 AUC"].notna().all()
    assert section.table["same degrees"].isna().tolist() == [False, True]
    assert any(graph.projections[1].name in reason and "stands alone" in reason for reason in missing)
    assert graph.projections[1].name not in section.verdict.split(". ")[0]


def test_degrees_of_a_single_link_are_not_called_alike() -> None:
    one = LayeredGraph.from_masks([[[1, 0], [0, 0]]])
    verdict = degree_section(one, fit_degrees(one))[0].verdict
    assert "all degrees alike" not in verdict
    assert "all nodes with links have one degree" in verdict
    ring = LayeredGraph.from_adjacency(np.roll(np.eye(6), 1, 1) + np.roll(np.eye(6), -1, 1))
    assert "all degrees alike" in degree_section(ring, fit_degrees(ring))[0].verdict


def test_remarks_stand_once_under_their_own_heading() -> None:
    table = build(layers(*[0.3] * 14, size=6))[-1].table
    assert table is not None
    said = list(table["remark"])
    (without,) = [text for text in said if "no section of" in text]
    assert without.startswith("Projections: ")
    assert not any("models: null models" in text or "disk: hyperbolic embedding" in text for text in said)
    assert len(said) == len(set(said))


def test_loops_are_no_places() -> None:
    path = np.diag(np.ones(5), 1)
    for loops in (0, np.eye(6)):
        section, _ = overview(LayeredGraph.from_adjacency(path + path.T + loops))
        assert "66.67 % of the possible links are absent" in section.verdict
        assert list(table_of(section)["sparsity"]) == pytest.approx([2 / 3])  # a number in the download
    section, _ = overview(LayeredGraph.from_adjacency(np.ones((1, 1))))
    assert "1 link, but no two nodes" in section.verdict


def test_wording_of_one_and_none() -> None:
    assert "its only possible link" in overview(LayeredGraph.from_masks([[[1]]]))[0].verdict
    none = LayeredGraph.from_masks([np.zeros((3, 2))])
    assert percolation(none)[0].verdict.startswith("There is no link, and 5 of 5 nodes")
    same = LayeredGraph.from_masks([np.eye(4)] * 2, weights=[np.eye(4)] * 2)
    assert " to " not in measures(same, fit_degrees(same))[0].verdict


def test_a_file_name_of_broken_bytes_is_shown(tmp_path: Path) -> None:
    import os

    path = tmp_path / os.fsdecode(b"net\xff.npz")
    try:
        np.savez(path, fc1=np.eye(3, 4))
    except OSError:
        pytest.skip("the file system takes UTF-8 names only")
    page = report(path, tmp_path / "out.html").read_text(encoding="utf-8")
    assert "net" in page.split("<title>")[1].split("</title>")[0]


def test_no_claim_where_there_is_no_remark() -> None:
    verdict = remarks((), []).verdict
    assert "every quantity" not in verdict
