"""The command that tests the calibration on planted truth."""

from pathlib import Path

import click

from alignsim import cli_common


@click.command()
@click.argument("specification", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the replications, tables and figure.",
)
@cli_common.workers
@cli_common.as_json
def recover(specification: Path, out: Path, workers: int, as_json: bool) -> None:
    """Test that calibration finds weights that it is known to come from.

    Weights are drawn from the prior, histories played under them, and the posterior sampled from
    these: 90 % intervals should hold nine in ten of the planted numbers, and their ranks be
    uniform. Likelihoods that are wrong on purpose should be caught. OUT takes tables as CSV and a
    figure; the same command goes on where it was stopped.

    \b
    Example:
      alignsim recover experiments/recovery/recovery.yaml --out recovery --workers 2
    """
    from alignsim import extras, plots, plots_recovery, recovery, recovery_tables
    from alignsim.documents import write_whole

    extras.ready("dynesty")
    plan = recovery.read(specification)
    cli_common.announce_compilation()
    show = cli_common.bar(plan.specification.name, len(plan.replications()))
    ranks = recovery.run(plan, out, workers, show)
    files = recovery_tables.write(plan, ranks, out)
    figure = plots_recovery.ranks(ranks, plan.specification.draws)
    write_whole(out / "recovery.png", plots.rendered(figure, "png"))
    if as_json:
        cli_common.print_json(recovery_tables.record(plan, ranks))
    else:
        click.echo(recovery_tables.as_text(ranks, plan.specification.draws))
        click.echo(f"\n{out}: {len(files)} tables and a figure", err=True)
