"""The commands. Heavy modules are imported by the command that needs them."""

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from alignsim import (
    __version__,
    cli_app,
    cli_calibration,
    cli_common,
    cli_panel,
    cli_recovery,
    cli_studies,
    cli_sweeps,
    endings,
    files,
    streams,
)

_json = cli_common.as_json
_seed = cli_common.seed
_runs = cli_common.runs
_weights = cli_common.weights


def main() -> None:
    """Run the command line; every fault of the user's ends in one line and exit code 2."""
    streams.make_safe()
    with endings.streams(), endings.stoppable():
        _run()


def _run() -> NoReturn:
    try:
        code = cli.main(prog_name="alignsim", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _stop(error.format_message())
    except (click.Abort, KeyboardInterrupt) as error:
        if isinstance(error.__cause__, EOFError):  # to click the end of a file is an interruption
            raise error.__cause__ from None
        cli_common.say_stopped()
        sys.exit(endings.STOPPED)
    except OSError as error:
        if error.filename == files.PRINTED:
            endings.drop_output()
            if isinstance(error, BrokenPipeError):  # such as `| head`, which has what it wanted
                sys.exit(0)
        _stop(f"{error.filename or 'a file'}: {error.strerror or error}")
    except ValueError as error:
        if _is_expected(error):
            _stop(str(error))
        raise


def _is_expected(error: ValueError) -> bool:
    from alignsim.documents import DocumentError

    return isinstance(error, DocumentError)


def _stop(message: str) -> NoReturn:
    click.echo(f"alignsim: {' '.join(message.split())}", err=True)
    sys.exit(2)


@click.group(context_settings={"max_content_width": 100, "help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="alignsim")
def cli() -> None:
    """Who joins the sanctions, how far, when, and why?

    An agent-based simulation of alliance alignment choices: the United States, Japan, South Korea
    and Russia weigh energy security, alliance dependence and regional threat.

    \b
    Examples:
      alignsim reproduce
      alignsim explain crimea-2014 --state KOR --date 2014-07
      alignsim whatif crimea-2014 seoul-isolated
    """


@cli.command()
@click.argument("scenario")
@_runs
@_seed
@_weights
@click.option("--out", type=click.Path(path_type=Path), help="Folder for paths.csv and run.json.")
@_json
def run(scenario: str, runs: int, seed: int, weights: str, out: Path | None, as_json: bool) -> None:
    """Run a scenario freely and show each decision beside history.

    SCENARIO is a shipped name or a file. With --runs 1 a single run is shown decision by decision.

    \b
    Examples:
      alignsim run crimea-2014
      alignsim run ukraine-2022 --runs 1 --seed 7
      alignsim run my-scenario.yaml --weights neutral --out results
    """
    from alignsim import runs as run_records

    if runs > 1:
        cli_common.announce_compilation()
    record, shown = run_records.record(scenario, runs, seed, weights)
    if out is not None:
        run_records.write(record, out)
    if as_json:
        cli_common.print_json(record)
    else:
        click.echo(shown)


@cli.command()
@click.option(
    "--runs", type=cli_common.RUNS, default=2000, show_default=True, help="Free runs an episode."
)
@_seed
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of the report; 'report' by default, none with --json.",
)
@_json
def reproduce(runs: int, seed: int, out: Path | None, as_json: bool) -> None:
    """Run all episodes, score them beside every baseline, and write the report.

    \b
    Examples:
      alignsim reproduce
      alignsim reproduce --runs 10000 --seed 1 --out report-10000
      alignsim reproduce --json > reproduce.json
    """
    from alignsim import evaluation

    cli_common.announce_compilation()
    result = evaluation.evaluate(runs, seed)
    if as_json:
        cli_common.print_json(result.record())
        if out is None:
            return
    from alignsim import report

    if not as_json:
        click.echo(report.as_text(result))
    written = report.write(result, out or Path("report"), cli_common.bar("figures and tables"))
    click.echo(f"\nReport: {written}", err=as_json)


@cli.command()
@click.argument("scenario")
@click.option("--state", required=True, help="ISO code of the state, such as KOR.")
@click.option("--date", required=True, help="Date of the step, such as 2014-07 or 2016-Q3.")
@click.option(
    "--decision",
    type=click.Choice(["level", "engagement", "stance"]),
    default="level",
    show_default=True,
)
@click.option("--toward", help="For a stance: the ally it is toward.")
@click.option("--run", "run_number", type=click.IntRange(0, 2**32 - 1), help="A free run instead.")
@_seed
@_weights
@_json
def explain(
    scenario: str,
    state: str,
    date: str,
    decision: str,
    toward: str | None,
    run_number: int | None,
    seed: int,
    weights: str,
    as_json: bool,
) -> None:
    """Explain a decision: why this option and not the next higher or lower.

    Terms stand side by side, the largest difference first, each with the claims behind it. An
    episode is followed along its documented course; --run N explains that free run instead.

    \b
    Examples:
      alignsim explain crimea-2014 --state KOR --date 2014-07
      alignsim explain ukraine-2022 --state RUS --decision stance --toward JPN --date 2022-04
      alignsim explain seoul-isolated --state KOR --date 2014-09 --run 3
    """
    from alignsim import explanation, reading, tables
    from alignsim import weights as weight_sets

    played = reading.read(scenario)
    fitted = weight_sets.read(weights)
    found = cli_common.usage(
        lambda: explanation.explain(played, fitted, state, date, decision, toward, run_number, seed)
    )
    if as_json:
        cli_common.print_json(found.rows())
    else:
        click.echo(tables.explained(played, found))


@cli.command()
@click.argument("scenario")
@click.argument("whatifs", nargs=-1)
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Set one quantity.")
@_runs
@_seed
@_weights
@_json
def whatif(
    scenario: str,
    whatifs: tuple[str, ...],
    settings: tuple[str, ...],
    runs: int,
    seed: int,
    weights: str,
    as_json: bool,
) -> None:
    """Compare what-ifs with their episode, run by run under the same draws.

    Each WHATIF is compared on its own; --set changes come on top of each, or alone.

    \b
    Examples:
      alignsim whatif crimea-2014 seoul-isolated full-invasion-2014
      alignsim whatif ukraine-2022 --set states.KOR.norms_emphasis=0.2
    """
    from alignsim import api, tables

    if not whatifs and not settings:
        raise click.UsageError("name a WHATIF or give --set PATH=VALUE")
    changes = [_setting(item) for item in settings]
    cli_common.announce_compilation()
    table = cli_common.usage(lambda: api.whatif(scenario, whatifs, changes, runs, seed, weights))
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records"))
    if as_json:
        cli_common.print_json(rows)
    else:
        click.echo(tables.differences(rows))


def _setting(item: str) -> tuple[str, float]:
    path, sign, value = item.partition("=")
    if not sign or not path.strip():
        raise click.UsageError(f"--set {item}: should be PATH=VALUE")
    try:
        return path.strip(), float(value)
    except ValueError:
        raise click.UsageError(f"--set {path}: {value!r} is not a number") from None


@cli.command()
@click.option("--claim", help="One claim only, such as D14-05.")
@_json
def evidence(claim: str | None, as_json: bool) -> None:
    """Print the traceability matrix: which term, input, record or what-if carries each claim.

    \b
    Examples:
      alignsim evidence
      alignsim evidence --claim C22-19
    """
    from alignsim import traceability

    rows = traceability.matrix()
    if claim is not None:
        rows = [row for row in rows if row.claim == claim]
        if not rows:
            raise click.UsageError(f"--claim {claim}: no such claim")
    if as_json:
        cli_common.print_json(traceability.flat(rows))
    else:
        click.echo(traceability.as_text(rows))


@cli.command()
@click.argument("files", nargs=-1, required=True)
@_json
def validate(files: tuple[str, ...], as_json: bool) -> None:
    """Check scenario, weight and study files; the exit code is 2 if any has a fault.

    \b
    Examples:
      alignsim validate my-scenario.yaml
      alignsim validate configs/*/*.yaml experiments/sweeps/*.yaml
    """
    from alignsim import api

    faults = {file: api.fault(file) for file in files}
    if as_json:
        cli_common.print_json([{"file": file, "fault": fault} for file, fault in faults.items()])
    else:
        for file, fault in faults.items():
            click.echo(fault or f"{file}: ok", err=bool(fault))
    if any(faults.values()):
        raise click.exceptions.Exit(2)


@cli.command()
@click.option("--json", "_", is_flag=True, help="The output is JSON with or without it.")
def schema(_: bool) -> None:
    """Print the JSON Schema of scenario files, for completion in editors.

    \b
    Example:
      alignsim schema > scenario.schema.json
    """
    from alignsim import schema as schemas

    click.echo(schemas.as_text(), nl=False)


for _command in (
    cli_app.app,
    cli_sweeps.sweep,
    cli_sweeps.replay,
    cli_sweeps.tabulate,
    cli_sweeps.plot,
    cli_sweeps.redlines,
    cli_calibration.calibrate,
    cli_calibration.compare,
    cli_calibration.forecast,
    cli_panel.panel,
    cli_recovery.recover,
    cli_studies.sensitivity,
):
    cli.add_command(_command)


if __name__ == "__main__":
    main()
