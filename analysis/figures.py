"""Make every exhibit: `python -m analysis.figures`. Runs what has no results yet, then draws.

Results (tables and their provenance) and figures go to this repository, or under --out.
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from analysis import corpus, digits, s0, s1, s2, s3
from analysis.engine.exhibit import Exhibit
from analysis.engine.make import begin_note, describe_note, keep_stored, make_page, make_tables
from analysis.engine.page import Page
from analysis.engine.store import load_tables, write_in
from netsci.sweep import CLUSTERS, ClusterError, DamagedRecordsError, FailedCellsError

ROOT = Path(__file__).resolve().parent.parent
FORMATS = ("svg", "html", "pdf")
SCALES = ("smoke", "desk", "paper")
console = Console()


def catalogue(seed: int = 0, scale: str = "desk") -> list[Exhibit]:
    """Return every exhibit; `seed` is the first seed of those that train or draw at random.

    The scale is that of S0's exhibits and of S1's networks: "smoke", "desk" or "paper".
    """
    return [
        *digits.exhibits(seed),
        *s1.exhibits(seed, scale),
        *s2.exhibits(seed, scale),
        *s3.exhibits(seed),
        *corpus.exhibits(seed),
        *s0.exhibits(seed, scale),
    ]


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    show: Annotated[bool, typer.Option("--list", help="List the exhibits and leave.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="An exhibit's id; repeat for more.")] = None,
    single: Annotated[str, typer.Option(help="Write one exhibit as one self-contained file.")] = "",
    out: Annotated[Path | None, typer.Option(help="Folder for results and figures [default: here].")] = None,
    seed: Annotated[int, typer.Option(min=0, help="First of the three seeds; others need --out.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Runs at a time.")] = min(4, os.cpu_count() or 1),
    cluster: Annotated[str, typer.Option(help=f"Where runs are made: {CLUSTERS}.")] = "local",
    form: Annotated[
        str, typer.Option("--format", help="svg, html, pdf, or several with commas.")
    ] = "svg,html",
    scale: Annotated[str, typer.Option(help="Of S0's exhibits: smoke, desk or paper.")] = "desk",
    long: Annotated[bool, typer.Option("--long", help="Train also what takes hours.")] = False,
    verify: Annotated[
        int,
        typer.Option(
            min=0, help="Make N committed runs again, drawn by --seed among the exhibits of --only."
        ),
    ] = 0,
    note: Annotated[str, typer.Option(help="Begin the note on an exhibit, or renew its first lines.")] = "",
) -> None:
    """Train what has no results yet, tabulate, and draw every table and figure."""
    from analysis.engine.site import write

    check_names([scale], SCALES, "--scale")
    exhibits = {exhibit.id: exhibit for exhibit in catalogue(seed, scale)}
    if show:
        for exhibit in exhibits.values():
            typer.echo(f"{exhibit.id}\t{exhibit.title}\t{len(exhibit.cells)} runs")
        return
    if verify:
        check_names(only or (), list(exhibits), "--only")
        check_records(verify, seed, only or (), long=long)
        return
    formats, wanted = tuple(form.split(",")), [*(only or ()), *filter(None, [single])]
    check_names([*wanted, *filter(None, [note])], list(exhibits), "--only")
    check_names(formats, FORMATS, "--format")
    if (seed or scale != "desk") and out is None:
        raise typer.BadParameter(
            "the committed results are of seed 0 at desk scale; give others a folder", param_hint="--out"
        )
    results, folder = (out or ROOT / "analysis") / "results", (out or ROOT) / "figures"
    if note:
        write_first_lines(exhibits[note], results)
        return
    pages = make_pages(list(exhibits.values()), wanted, results, jobs, long=long, cluster=cluster)
    drawn = [page for page in pages if not wanted or page.id in wanted]
    if not drawn:
        return
    front = write(pages, folder, formats=formats, only=[page.id for page in drawn], single=single)
    for page in drawn:
        if len(rulings := page.tables.get("rulings", ())) and not single:
            write_in(folder / page.id, "rulings.csv", rulings.to_csv(index=False, float_format="%.6g"))
        say(f"{page.id}: {page.verdict}")
        if out is None and (told := describe_note(exhibits[page.id], results)):
            say(f"{page.id}: {told}")
    say(front)


def check_names(given: Iterable[str], known: Sequence[str], option: str) -> None:
    """Raise BadParameter unless all names given to an option are known."""
    if unknown := sorted(set(given) - set(known)):
        raise typer.BadParameter(f"{', '.join(unknown)} is none of {', '.join(known)}", param_hint=option)


def check_records(count: int, seed: int, only: Collection[str] = (), *, long: bool = False) -> None:
    """Make some committed runs again and compare them; exit with 1 if a record does not stand.

    only : ids of the exhibits whose runs are drawn, all if empty. long : whether to draw runs of more than
    ten minutes, too.
    """
    from analysis.engine.verify import find_hasty, verify

    exhibits, results = catalogue(), ROOT / "analysis" / "results"
    hasty = find_hasty(exhibits, results)
    for name, (taken, expected) in hasty.items():
        say(f"{name}: DOES NOT STAND: {taken:.0f} s are less than a tenth of the {expected:.0f} s expected")
    cells = [cell for one in exhibits for cell in one.cells]
    among = [cell for one in exhibits for cell in one.cells if one.id in only or not only]
    longest = math.inf if long else None
    if not verify(cells, results, count, seed, say, among=among, longest=longest) or hasty:
        raise typer.Exit(1)


def write_first_lines(exhibit: Exhibit, results: Path) -> None:
    """Begin the note on an exhibit, or renew its first lines, and say where it is."""
    try:
        say(begin_note(exhibit, results))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--note") from error


def say(line: object) -> None:
    """Print a line as it is."""
    console.print(str(line), highlight=False, soft_wrap=True)


def make_pages(
    exhibits: list[Exhibit], wanted: list[str], results: Path, jobs: int, **how: Any
) -> list[Page]:
    """Return the pages of the wanted exhibits, all if none is named, and of others whose tables are there."""
    chosen = [exhibit for exhibit in exhibits if not wanted or exhibit.id in wanted]
    try:
        tables = make_tables(chosen, results, jobs, say, **how)
    except (ClusterError, DamagedRecordsError, FailedCellsError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for exhibit in exhibits:
        if exhibit not in chosen and (found := load_tables(keep_stored(exhibit, results), results)):
            tables[exhibit.id] = found
    return [make_page(exhibit, tables[exhibit.id], results) for exhibit in exhibits if exhibit.id in tables]


if __name__ == "__main__":
    app()
