"""The commands of sweeps and red lines."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alignsim import cli_common, files

if TYPE_CHECKING:
    from alignsim.plots_sweeps import Kind
    from alignsim.sweeps import Report

FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("specification", type=click.Path(path_type=Path))
@click.option("--out", type=FOLDER, required=True, help="Folder of the dataset.")
@cli_common.workers
@click.option("--dask", metavar="ADDRESS", help="A Dask scheduler, such as tcp://10.0.0.1:8786.")
@click.option("--dask-local", type=click.IntRange(1, 1024), help="A Dask cluster on this machine.")
@cli_common.as_json
def sweep(
    specification: Path,
    out: Path,
    workers: int,
    dask: str | None,
    dask_local: int | None,
    as_json: bool,
) -> None:
    """Run a parameter sweep into a folder; the same command goes on where it was stopped.

    The dataset in OUT/chunks is read as it stands by pandas, Polars and DuckDB, and is the same
    whatever made it. Exit code 1: the sweep is complete, but some points failed; OUT/failures
    says why.

    \b
    Examples:
      alignsim sweep experiments/sweeps/severity-alignment.yaml --out severity
      alignsim sweep my-sweep.yaml --out results --workers 2
      alignsim sweep my-sweep.yaml --out results --dask tcp://scheduler:8786
    """
    from alignsim import extras, sweep_points, sweeps

    if sum([workers > 1, dask is not None, dask_local is not None]) > 1:
        raise click.UsageError("give one of --workers, --dask and --dask-local")
    planned = sweep_points.read(specification)
    if planned.specification.design.kind == "morris":
        extras.ready("SALib")
    with cli_common.executed(workers, dask, dask_local) as execute:
        cli_common.announce_compilation()
        report = sweeps.run(planned, out, execute, cli_common.run_bar(planned.specification.name))
    if as_json:
        cli_common.print_json(report._asdict())
    else:
        click.echo(_said(report, out))
    if report.failed:
        click.echo(f"alignsim: {report.failed} points failed; see {out / 'failures'}", err=True)
        raise click.exceptions.Exit(1)


def _said(report: "Report", out: Path) -> str:
    rate = f", {report.runs_made / report.seconds:,.0f} runs a second" if report.made else ""
    mended = f"; {report.damaged} damaged files made again" if report.damaged else ""
    return (
        f"{out}: {report.points:,} points, {report.runs:,} runs; "
        f"{report.runs_made:,} of them now in {report.seconds:.1f} s{rate}{mended}"
    )


@click.command()
@click.argument("folder", type=FOLDER)
@click.argument("run", metavar="POINT:REPLICATION")
@click.option("--state", help="Explain this state's decisions; by default each ally's level.")
@click.option("--date", help="Explain decisions of this date; by default of the last step.")
@click.option(
    "--beside",
    type=FOLDER,
    default=Path(),
    help="Folder of the specification, where it names files of its own.",
)
@cli_common.as_json
def replay(
    folder: Path, run: str, state: str | None, date: str | None, beside: Path, as_json: bool
) -> None:
    """Play one run of a sweep again as a full Mesa run, and explain its decisions.

    The run is held against the row stored; exit code 1 if they differ.

    \b
    Examples:
      alignsim replay severity 12:7
      alignsim replay severity 12:7 --state KOR --date 2014-07
    """
    from alignsim import sweep_replay

    found = cli_common.usage(lambda: sweep_replay.replay(folder, run, beside))
    if as_json:
        cli_common.print_json(found.record())
    else:
        click.echo(cli_common.usage(lambda: sweep_replay.as_text(found, state, date)))
    if found.differences:
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--by", multiple=True, metavar="FACTOR", help="Factor to tabulate by; may be given twice."
)
@click.option("--state", help="One ally only.")
@click.option("--date", help="Step of a sweep that keeps every step; by default the last.")
@click.option("--csv", type=cli_common.FILE, help="Write the table to a file instead; - prints it.")
@cli_common.as_json
def tabulate(
    folder: Path,
    by: tuple[str, ...],
    state: str | None,
    date: str | None,
    csv: Path | None,
    as_json: bool,
) -> None:
    """Tabulate a sweep: P(joined) with its 95 % interval, by one factor or more.

    \b
    Examples:
      alignsim tabulate severity
      alignsim tabulate severity --by alignment --state KOR
    """
    from alignsim import documents, sweep_tables, sweep_text

    if csv is None and not as_json:
        click.echo(
            cli_common.usage(lambda: sweep_text.as_text(folder, list(by) or None, state, date=date))
        )
        return
    frame = cli_common.usage(lambda: sweep_tables.tabulated(folder, list(by), state, date))
    if csv is not None:
        documents.write_whole(csv, frame.to_csv(index=False, lineterminator="\n"))
    else:
        click.echo(frame.to_json(orient="records", indent=1))


@click.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--kind",
    type=click.Choice(["heatmap", "curves", "multiples", "simplex"]),
    help="By default what suits the design.",
)
@click.option("--state", help="One ally only.")
@click.option(
    "--out",
    type=cli_common.FIGURE,
    help="PNG or SVG file, or - for standard output; by default the folder's name with .png.",
)
def plot(folder: Path, kind: "Kind | None", state: str | None, out: Path | None) -> None:
    """Plot a sweep: heat map, response curves with bands, small multiples or simplex.

    \b
    Examples:
      alignsim plot severity
      alignsim plot severity --kind curves --state KOR --out severity.svg
    """
    from alignsim import plots_sweeps

    figure = cli_common.usage(lambda: plots_sweeps.figure(folder, kind, state))
    cli_common.written(figure, out or Path(f"{folder.name or 'sweep'}.png"))


@click.command()
@click.argument("scenario")
@click.option("--state", required=True, help="ISO code of the state, such as KOR.")
@click.option("--to", required=True, help="joined, not-joined, or a level 0 to 5.")
@click.option("--runs", type=cli_common.RUNS, default=1000, show_default=True, help="Free runs.")
@click.option(
    "--draws",
    type=click.IntRange(0, 10_000),
    default=20,
    show_default=True,
    help="Draws of the other inputs, for the interval.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@cli_common.seed
@cli_common.weights
@click.option(
    "--figure",
    type=cli_common.FIGURE,
    help="PNG or SVG file to write; with - the figure is all that is printed.",
)
@cli_common.as_json
def redlines(
    scenario: str,
    state: str,
    to: str,
    runs: int,
    draws: int,
    workers: int,
    seed: int,
    weights: str,
    figure: Path | None,
    as_json: bool,
) -> None:
    """Find what would have to change, and how much, for a state to decide otherwise.

    For each input, stance and event the smallest change that moves the modal decision, with its
    interval over the evidence ranges of the other inputs; nearest first (C22-20).

    \b
    Examples:
      alignsim redlines crimea-2014 --state KOR --to joined
      alignsim redlines ukraine-2022 --state KOR --to not-joined --figure korea.png
    """
    from alignsim import plots_redlines, reading, redline_tables
    from alignsim import redlines as red_lines
    from alignsim import weights as weight_sets

    played, fitted = reading.read(scenario), weight_sets.read_set(weights)
    cli_common.announce_compilation()
    found = cli_common.usage(
        lambda: red_lines.find(
            played,
            fitted,
            state,
            to,
            runs,
            seed,
            draws,
            workers=workers,
            progress=cli_common.bar("inputs", None),
        )
    )
    if figure is not None:
        cli_common.written(plots_redlines.figure(found), figure)
    if files.is_stdout(figure):
        return
    if as_json:
        cli_common.print_json(found.rows())
    else:
        click.echo(redline_tables.as_text(found))
