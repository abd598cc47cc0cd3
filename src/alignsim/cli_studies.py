"""The commands of studies on the model: what its outcomes rest on."""

from pathlib import Path

import click

from alignsim import cli_common


@click.command()
@click.argument("specification", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the sweeps, tables and figures.",
)
@cli_common.workers
@click.option("--quick", is_flag=True, help="Small designs, to see that it runs.")
@cli_common.as_json
def sensitivity(specification: Path, out: Path, workers: int, quick: bool, as_json: bool) -> None:
    """Find which weights and inputs an ally's outcome rests on.

    Sobol' indices, elementary effects (Morris), one factor at a time, and boxes in which the
    outcome turns (PRIM), of each ally in each episode. OUT takes a sweep for each, tables as CSV
    and figures as PNG; the same command goes on where it was stopped.

    \b
    Examples:
      alignsim sensitivity experiments/sensitivity/all-factors.yaml --out sensitivity --workers 2
      alignsim sensitivity my-study.yaml --out quick --quick
    """
    from alignsim import extras, sensitivity_report, sensitivity_sweeps
    from alignsim import sensitivity as studies

    extras.ready("SALib", "ema_workbench")
    plan = sensitivity_sweeps.read(specification, quick)
    with cli_common.executed(workers) as execute:
        cli_common.announce_compilation()
        found = studies.run(plan, out, execute, cli_common.run_bar)
        click.echo("tables and figures ...", err=True)
        files = sensitivity_report.write(found, out)
    if as_json:
        cli_common.print_json(sensitivity_report.record(found))
    else:
        click.echo(sensitivity_report.as_text(found))
        click.echo(f"\n{out}: {len(files)} tables and figures", err=True)
