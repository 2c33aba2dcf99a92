"""The page builder: one file, no request, everything escaped, the data beside the figure."""

import io
import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

from netsci import plot
from netsci.report import Section, render

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


class Elements(HTMLParser):
    """Tags with their attributes, ids, and the text of scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self.now: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.now = dict(attrs).get("id") or f"plain-{len(self.scripts)}"
            self.scripts[self.now] = ""

    def handle_endtag(self, tag: str) -> None:
        self.now = None if tag == "script" else self.now

    def handle_data(self, data: str) -> None:
        if self.now is not None:
            self.scripts[self.now] += data


def table(label: str = "a") -> pd.DataFrame:
    return pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, np.nan], "label": [label, "b"]})


def figure(label: str = "a") -> Any:
    return plot.lines(table(label), x="x", y="y", hue="label", panel="label", backend="plotly")


def example(label: str = "a") -> str:
    sections = [
        Section("First", "It rises.", figure(label), table(label), table(label), f"A line {label}", ["n"]),
        Section("First", table=table(label)),
        Section(label, "Words only."),
    ]
    return render(f"T {label}", sections, provenance={"File": {"name": label}, "loose": None}, lead="L")


def test_plotly_is_embedded_once_and_only_where_needed() -> None:
    page = example()
    assert page.count("plotly.js v") == 1
    assert "plotly.js v" not in render("T", [Section("Words", "No figure.")])


def test_nothing_is_loaded_from_elsewhere() -> None:
    elements = Elements(example())
    for tag, attributes in elements.tags:
        assert tag not in ("iframe", "object", "embed", "base", "form")
        assert "src" not in attributes
        assert re.match(r"(#|data:)", attributes.get("href") or "#")
    (policy,) = [a["content"] for t, a in elements.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert "unsafe-eval" not in policy


def test_webgl_alone_is_granted_eval() -> None:
    x = np.tile([0.0, 0.5, np.nan], 10_001)
    nodes = pd.DataFrame({"x": [0.0], "y": [0.0], "degree": [1], "population": ["a"], "label": ["a"]})
    many = plot.disk(nodes, pd.DataFrame({"x": x, "y": x}), backend="plotly")
    assert "'unsafe-eval'" in render("T", [Section("Disk", figure=many, alt="links")])


def test_hostile_text_is_escaped_everywhere() -> None:
    safe, hostile = Elements(example()), Elements(example(HOSTILE))
    assert [tag for tag, _ in safe.tags] == [tag for tag, _ in hostile.tags]
    assert not any("onerror" in a for _, a in hostile.tags)
    parsed = json.loads(hostile.scripts["first-json"])
    assert "&lt;script&gt;" in json.dumps(parsed)  # plotly shows it as text
    assert "<script>" not in json.dumps(parsed)


def test_csv_equals_the_table() -> None:
    for label in ("a", HOSTILE, 'quote " comma, ünïcode\u2028'):
        elements = Elements(example(label))
        csv = json.loads(elements.scripts["first-csv-0"])
        pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(csv)), table(label))
        button = next(a for t, a in elements.tags if a.get("data-csv") == "first-csv-0")
        assert button["data-file"] == "first.csv"
        assert "first-2-csv-0" in elements.scripts  # of the table, where no data is given


def test_several_downloads_have_safe_names() -> None:
    section = Section("S", data={"a/b ..": table(), "c": table()})
    elements = Elements(render("T", [section]))
    assert [a["data-file"] for _, a in elements.tags if "data-file" in a] == ["a-b.csv", "c.csv"]


def test_a_table_beside_other_data_has_its_own_download() -> None:
    other = pd.DataFrame({"z": [7]})
    elements = Elements(render("T", [Section("S", table=table(), data=other, table_file="rows")]))
    assert [a["data-file"] for _, a in elements.tags if "data-file" in a] == ["s.csv", "s-rows.csv"]
    held = json.loads(elements.scripts["s-csv-1"])
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(held)), table())


def test_figures_have_alt_and_caption_and_no_own_template() -> None:
    elements = Elements(example())
    (plot_box,) = [a for t, a in elements.tags if a.get("class") == "plot"]
    assert (plot_box["role"], plot_box["aria-labelledby"]) == ("group", "first-caption")
    assert "aria-label" not in plot_box  # the caption would be read twice
    assert '<figcaption id="first-caption">A line a</figcaption>' in example()
    assert "template" not in json.loads(elements.scripts["first-json"])["layout"]
    assert set(json.loads(elements.scripts["theme"])["templates"]) == {"light", "dark"}


def test_contents_link_to_unique_sections() -> None:
    elements = Elements(example())
    ids = [a["id"] for _, a in elements.tags if a.get("id")]
    assert len(set(ids)) == len(ids)
    links = [a["href"] for t, a in elements.tags if t == "a" and a.get("href", "#")]
    assert links == ["#main", "#first", "#first-2", "#a", "#provenance"]
    assert {str(link)[1:] for link in links} <= set(ids)


def test_undefined_values_are_dashes() -> None:
    page = render("T", [Section("S", table=table())])
    assert '<td class="number">—</td>' in page
    assert "nan" not in page.split("<section")[1].split("</section>")[0]


def test_the_same_input_gives_the_same_page() -> None:
    assert example() == example()


def test_errors_explain() -> None:
    with pytest.raises(ValueError, match="needs alt"):
        render("T", [Section("S", figure=figure())])
    with pytest.raises(TypeError, match="backend='plotly'"):
        render("T", [Section("S", figure=plot.lines(table(), x="x", y="y"), alt="a")])


def test_further_lines_of_a_verdict_make_a_list():
    page = render(
        "t", [Section("one", verdict="First.\nSecond <b>.\nThird."), Section("two", verdict="Alone.")]
    )
    assert '<p class="verdict">First.</p>' in page
    assert '<ul class="verdict"><li>Second &lt;b&gt;.</li><li>Third.</li></ul>' in page
    assert page.count('class="verdict"') == 3
