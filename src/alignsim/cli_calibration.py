"""The commands that let history judge: calibrate, compare, forecast."""

from datetime import datetime
from pathlib import Path

import click

from alignsim import cli_common, files

FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("specification", type=FOLDER)
@click.option("--out", type=FOLDER, help="Folder of samples, posterior and figures.")
@click.option(
    "--weights", type=cli_common.FILE, help="Weight file to write, with its draws beside it."
)
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Date to state in the weight file; today by default.",
)
@cli_common.workers
@cli_common.as_json
def calibrate(
    specification: Path,
    out: Path | None,
    weights: Path | None,
    date: datetime | None,
    workers: int,
    as_json: bool,
) -> None:
    """Sample the posterior of the weights given the documented decisions.

    OUT, by default a folder named after the specification, takes the samples, the posterior as
    ArviZ InferenceData (posterior.nc), a table and figures; the same command goes on where it was
    stopped.

    \b
    Examples:
      alignsim calibrate experiments/calibration/all.yaml --out build/calibration/all
      alignsim calibrate my-fit.yaml --weights my-weights.yaml
    """
    from alignsim import calibrate as calibration
    from alignsim import calibration_report

    if files.is_stdout(weights):
        raise click.UsageError("--weights: name a file; the draws are written beside it")
    chosen = calibration.read(specification)
    cli_common.sampler_ready("arviz", "corner", "h5netcdf", "h5py")
    folder = out or Path(chosen.name)
    found = calibration.calibrate(chosen, folder, workers, cli_common.samples_bar(chosen.name))
    made = calibration_report.write(found, folder)
    if weights is not None:
        stated = calibration.today() if date is None else date.date().isoformat()
        made += calibration.install(found, weights, specification.as_posix(), stated)
    if as_json:
        cli_common.print_json(calibration.record(found))
    else:
        click.echo(calibration_report.as_text(found))
    for file in made:
        click.echo(f"{file}: written", err=True)


@click.command()
@click.argument("specification", type=FOLDER, required=False)
@click.option("--out", type=FOLDER, help="Folder; by default 'comparison', or 'comparison-quick'.")
@click.option("--quick", is_flag=True, help="Few live points, coded inputs and one prior only.")
@cli_common.workers
@cli_common.as_json
def compare(
    specification: Path | None, out: Path | None, quick: bool, workers: int, as_json: bool
) -> None:
    """Weigh rival explanations of the allies' decisions, and say what cannot be told apart.

    Marginal likelihoods, Bayes factors with their numerical errors, and what each explanation gave
    an episode or an ally that it had not seen. The same command goes on where it was stopped.

    \b
    Examples:
      alignsim compare --quick --workers 2
      alignsim compare experiments/comparison/comparison.yaml --workers 2 --out build/comparison
    """
    from alignsim import comparison_report, model_comparison

    chosen = model_comparison.read(specification)
    cli_common.sampler_ready()
    folder = out or Path("comparison-quick" if quick else "comparison")
    found = model_comparison.compare(
        chosen, folder, quick, workers, cli_common.samples_bar(chosen.name)
    )
    made = comparison_report.write_comparison(found, folder)
    if as_json:
        cli_common.print_json(model_comparison.record(found))
    else:
        click.echo(comparison_report.comparison_text(found))
    click.echo(f"\n{folder}: {len(made)} files", err=True)


@click.command()
@click.argument("specification", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="Folder of samples, forecasts and scores.")
@click.option("--only-score", is_flag=True, help="Score the forecasts that are there.")
@cli_common.workers
@cli_common.as_json
def forecast(specification: Path, out: Path, only_score: bool, workers: int, as_json: bool) -> None:
    """Forecast what the weights have not seen, hash the forecasts, then score them.

    OUT/forecasts.csv is written with its hash in OUT/manifest.json before anything is scored; a
    file that was changed since is refused.

    \b
    Examples:
      alignsim forecast experiments/forecasts/forecasts.yaml --out build/forecasts --workers 2
      alignsim forecast experiments/forecasts/forecasts.yaml --out build/forecasts --only-score
    """
    from alignsim import comparison_report, forecast_scores, forecasts

    plan = forecasts.read(specification)
    cli_common.sampler_ready()
    if not only_score:
        forecasts.issue(plan, out, workers, cli_common.samples_bar(plan.specification.name))
    found = forecast_scores.score(plan, out)
    made = comparison_report.write_forecasts(plan, found, out)
    if as_json:
        cli_common.print_json(comparison_report.forecasts_record(plan, found, out))
    else:
        click.echo(comparison_report.forecasts_text(plan, found))
    click.echo(f"\n{out}: {len(made)} tables and figures beside the scores", err=True)
