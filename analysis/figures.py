"""Make every exhibit: `python -m analysis.figures`. Runs what has no results yet, then draws.

Results (tables and their provenance) and figures go to this repository, or under --out.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from analysis import digits, networks, s0_chsnn, s1_figure3, s3_sparsity
from analysis.engine.cells import find_record, write_in
from analysis.engine.cluster import CLUSTERS, ClusterError
from analysis.engine.sweep import FailedCellsError, run_cells
from analysis.runs import Exhibit, Tables, load_tables, save_tables

if TYPE_CHECKING:
    import pandas as pd

    from netsci.report import Section

ROOT = Path(__file__).resolve().parent.parent
FORMATS = ("svg", "html")
SCALES = ("smoke", "desk", "paper")
LEAD = "Every number here comes from runs of this repository's code, but for those said to be printed."
PLAIN: dict[str, Any] = {"highlight": False, "soft_wrap": True}
console = Console()


def catalogue(seed: int = 0, scale: str = "desk") -> list[Exhibit]:
    """Return every exhibit; `seed` is the first seed of those that train or draw at random.

    The scale is that of S0's exhibits: "smoke", "desk" or "paper".
    """
    return [
        *digits.exhibits(seed),
        *s1_figure3.exhibits(seed),
        *s3_sparsity.exhibits(seed),
        *networks.exhibits(seed),
        *s0_chsnn.exhibits(seed, scale),
    ]


def lacking(exhibit: Exhibit, results: Path) -> str:
    """Return the variable that is not set and that the exhibit's missing runs need, "" if none."""
    if not exhibit.needs or os.environ.get(exhibit.needs):
        return ""
    runs_there = all(find_record(results, cell) for cell in exhibit.cells)
    return "" if runs_there else exhibit.needs


def finished(exhibit: Exhibit, results: Path) -> Exhibit:
    """Return an exhibit of long runs with those of its cells that have a record; any other as it is."""
    if exhibit.seconds is None:
        return exhibit
    cells = tuple(cell for cell in exhibit.cells if find_record(results, cell))
    if len(cells) == len(exhibit.cells):
        return exhibit
    caption = exhibit.captioned(cells) if exhibit.captioned else exhibit.caption
    so_far = f"So far {len(cells)} of {len(exhibit.cells)} planned runs are finished."
    return replace(exhibit, cells=cells, caption=f"{caption} {so_far}")


def unfinished(exhibit: Exhibit, results: Path) -> str:
    """Return how many of an exhibit's long runs are missing and what they take, "" if none is."""
    if exhibit.seconds is None:
        return ""
    missing = [exhibit.seconds(cell) for cell in exhibit.cells if not find_record(results, cell)]
    if not missing:
        return ""
    hours = sum(taken for taken in missing if math.isfinite(taken)) / 3600
    on_gpu = sum(math.isinf(taken) for taken in missing)
    needs = [f"about {max(hours, 0.1):.{1 if hours < 10 else 0}f} hours of one core"] if hours else []
    needs += [f"{on_gpu} {'needs' if on_gpu == 1 else 'need'} a GPU"] if on_gpu else []
    said = f"{len(missing)} of {len(exhibit.cells)} runs are not finished"
    return f"{said} ({', '.join(needs)}); --long makes them"


def make_tables(
    exhibits: list[Exhibit], results: Path, jobs: int, *, long: bool = False, cluster: str = "local"
) -> dict[str, Tables]:
    """Return the tables of the exhibits: those there, and those made from runs, new ones where needed.

    Runs that take hours are made only if asked for; their exhibits are tabulated from those that are there,
    also from none if they have printed values. An exhibit that then has nothing to show, or whose runs need
    data that are not there, is left out, with a line that says so.
    """
    if not long:
        planned, exhibits = exhibits, []
        for plan in planned:
            exhibit = finished(plan, results)
            shown = bool(exhibit.cells or exhibit.printed or plan.seconds is None)
            if missing := unfinished(plan, results):
                console.print(f"{plan.id}: {'' if shown else 'skipped, '}{missing}", **PLAIN)
            if shown:
                exhibits.append(exhibit)
    made = {exhibit.id: load_tables(exhibit, results) for exhibit in exhibits}
    pending = []
    for exhibit in exhibits:
        if made[exhibit.id] is not None:
            continue
        if variable := lacking(exhibit, results):
            console.print(f"{exhibit.id}: skipped, {variable} is not set", **PLAIN)
            del made[exhibit.id]
            continue
        pending.append(exhibit)
    cells = list(dict.fromkeys(cell for exhibit in pending for cell in exhibit.cells))
    seconds = {cell: plan.seconds(cell) for plan in pending if plan.seconds for cell in plan.cells}
    records = run_cells(cells, results, jobs=jobs, cluster=cluster, seconds=seconds)
    for exhibit in pending:
        tables = exhibit.tabulate({cell: records[cell] for cell in exhibit.cells})
        save_tables(exhibit, tables, records, results)
    # read back even what was just made: what is drawn is what is stored
    wanted = [exhibit for exhibit in exhibits if exhibit.id in made]
    return {exhibit.id: made[exhibit.id] or load_tables(exhibit, results) or {} for exhibit in wanted}


def draw(exhibit: Exhibit, tables: Tables, results: Path, figures: Path, formats: tuple[str, ...]) -> None:
    """Write an exhibit's folder: figure.svg, figure.html, the table it shows, and where it comes from."""
    from netsci.plot.theme import save_svg
    from netsci.report import render

    folder = figures / exhibit.id
    source = (results / exhibit.id / "provenance.json").read_text()
    if "svg" in formats:
        write_in(folder, "figure.svg", save_svg(exhibit.draw(tables, "matplotlib")))
    if "html" in formats:
        made = json.loads(source)
        page = render(exhibit.title, [section(exhibit, tables, made)], provenance=block(made), lead=LEAD)
        write_in(folder, "figure.html", page)
    write_in(folder, "table.csv", exhibit.summarise(tables).to_csv(index=False, float_format="%.6g"))
    write_in(folder, "provenance.json", source)


def section(exhibit: Exhibit, tables: Tables, source: dict[str, Any]) -> Section:
    """Return an exhibit as a section of a page; its caption says what its provenance has to remark."""
    from netsci.report import Section

    return Section(
        title=exhibit.title,
        verdict=exhibit.verdict(tables),
        figure=exhibit.draw(tables, "plotly"),
        data={"summary": exhibit.summarise(tables), **tables},
        table=by_unit(exhibit.summarise(tables)) if "entries" in tables else None,
        alt=" ".join([exhibit.caption, *remarks(source)]),
    )


def by_unit(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table as people read it: percentages with two decimals, others with 3 digits, counts whole.

    Counts of ten millions and more have four digits.

    The unit of a row is in its column "unit"; columns of other texts stay as they are.
    """
    import pandas as pd

    numbers = [name for name in table.select_dtypes("number") if name != "n"]
    shown = table.copy()
    for name in numbers:
        cells = zip(table[name], table["unit"], strict=True)
        values = ["" if v != v else _written(v, unit) for v, unit in cells]
        shown[name] = pd.Series(values, index=table.index, dtype=object).replace("", None)
    return shown


def _written(value: float, unit: str) -> str:
    """Return a number of a unit as it is written."""
    if unit == "percent":
        return f"{round(value, 2) + 0.0:.2f}"  # and never -0.00
    if unit == "count":
        return f"{value:,.0f}" if abs(value) < 1e7 else f"{value:.4g}"
    return f"{value:.3g}"


def remarks(source: dict[str, Any]) -> list[str]:
    """Return, as sentences, which runs were made on a GPU and how many from a tree unlike its commit."""
    run, count = source["run"], len(source["cells"])
    gpus = {name: n for name, n in run.get("device", {}).items() if not name.startswith("cpu")}
    said = [f"{n} of {count} runs {_were(n)} made on a GPU ({name})." for name, n in gpus.items()]
    return said + [f"{line}." for line in _changed(source)]


def _changed(source: dict[str, Any]) -> list[str]:
    count = source["run"].get("changed", 0)
    differed = f"runs {_were(count)} made from a work tree that differed from its commit"
    return [f"{count} of {len(source['cells'])} {differed}"] if count else []


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def block(source: dict[str, Any]) -> dict[str, str]:
    """Return a provenance as the lines that a page shows."""
    run = source["run"]
    if not source["cells"]:
        return {"runs": "none is finished: printed values only", "made": source["tabulated"]["at"]}
    devices = "; ".join(f"{name} ({n} of the runs)" for name, n in run.get("device", {}).items())
    return {
        "runs": f"{len(source['cells'])}, seeds {', '.join(map(str, source['seeds']))}, "
        f"{run['seconds']:g} s in all",
        "data": "; ".join(source["data"]),
        **({"devices of the runs": devices} if devices else {}),
        "commit of the runs": "; ".join(run["commit"] + _changed(source)),
        "commit of the table": source["tabulated"]["commit"],
        "versions": "; ".join(run["versions"]),
        "machine": "; ".join(run["machine"]),
        "made": source["tabulated"]["at"],
    }


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    show: Annotated[bool, typer.Option("--list", help="List the exhibits and leave.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="An exhibit's id; repeat for more.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for results and figures [default: here].")] = None,
    seed: Annotated[int, typer.Option(min=0, help="First of the three seeds; others need --out.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Runs at a time.")] = min(4, os.cpu_count() or 1),
    cluster: Annotated[str, typer.Option(help=f"Where runs are made: {CLUSTERS}.")] = "local",
    form: Annotated[str, typer.Option("--format", help="svg, html, or svg,html.")] = "svg,html",
    scale: Annotated[str, typer.Option(help="Of S0's exhibits: smoke, desk or paper.")] = "desk",
    long: Annotated[bool, typer.Option("--long", help="Train also what takes hours.")] = False,
) -> None:
    """Train what has no results yet, tabulate, and draw every table and figure."""
    if scale not in SCALES:
        raise typer.BadParameter(f"{scale!r} is none of {', '.join(SCALES)}", param_hint="--scale")
    exhibits = catalogue(seed, scale)
    if show:
        for exhibit in exhibits:
            typer.echo(f"{exhibit.id}\t{exhibit.title}\t{len(exhibit.cells)} runs")
        return
    formats = tuple(form.split(","))
    chosen = [exhibit for exhibit in exhibits if not only or exhibit.id in only]
    unknown = sorted(set(only or ()) - {exhibit.id for exhibit in exhibits})
    if unknown:
        raise typer.BadParameter(f"no exhibit {', '.join(unknown)}; --list shows them", param_hint="--only")
    if set(formats) - set(FORMATS):
        raise typer.BadParameter(f"{form!r} is not made of svg and html", param_hint="--format")
    if (seed or scale != "desk") and out is None:
        raise typer.BadParameter(
            "the committed results are of seed 0 at desk scale; give others a folder", param_hint="--out"
        )
    results, figures = (
        (out / "results", out / "figures") if out else (ROOT / "analysis/results", ROOT / "figures")
    )
    try:
        tables = make_tables(chosen, results, jobs, long=long, cluster=cluster)
    except (ClusterError, FailedCellsError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    drawn = [finished(exhibit, results) for exhibit in chosen if exhibit.id in tables]
    for exhibit in drawn:
        draw(exhibit, tables[exhibit.id], results, figures, formats)
        said = exhibit.verdict(tables[exhibit.id]).replace("\n", "\n  ")
        console.print(f"{exhibit.id}: {said}", **PLAIN)
    if "html" in formats and len(chosen) == len(exhibits):
        write_in(figures, "index.html", index(drawn, tables, results))
        console.print(f"figures and the interactive page: {figures / 'index.html'}", soft_wrap=True)


def index(exhibits: list[Exhibit], tables: dict[str, Tables], results: Path) -> str:
    """Return one page with every exhibit."""
    from netsci.report import render

    made = {e.id: json.loads((results / e.id / "provenance.json").read_text()) for e in exhibits}
    sections = [section(exhibit, tables[exhibit.id], made[exhibit.id]) for exhibit in exhibits]
    sources = {exhibit.title: block(made[exhibit.id]) for exhibit in exhibits}
    return render("Sparse networks, trained and seen", sections, provenance=sources, lead=LEAD)


if __name__ == "__main__":
    app()
