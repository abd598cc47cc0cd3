"""The commands of the world panel: fit, forecast, score, verdict."""

from datetime import datetime
from pathlib import Path

import click

from alignsim import cli_common
from alignsim.documents import DocumentError

FOLDER = click.Path(path_type=Path)
SPECIFICATION = click.argument("specification", type=FOLDER)
OUT = click.option(
    "--out", type=FOLDER, required=True, help="Folder of samples, tables and figures."
)
FORECASTS = click.option(
    "--forecasts", type=FOLDER, required=True, help="Folder of the forecasts and their manifest."
)
RESAMPLES = click.option(
    "--resamples",
    type=click.IntRange(1, 100_000),
    default=1000,
    show_default=True,
    help="Resamples of units for the intervals.",
)


@click.group()
def panel() -> None:
    """The world panel: fit about 190 states on 2014, forecast 2022, score.

    \b
    Examples:
      alignsim panel fit experiments/panel/panel.yaml --out build/panel --workers 2
      alignsim panel forecast experiments/panel/panel.yaml --out build/panel
      alignsim panel score seeds/outcomes-2022.csv --forecasts experiments/panel
    """


@panel.command()
@SPECIFICATION
@OUT
@click.option("--weights", type=FOLDER, help="Folder for weight files of the main and joint fits.")
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Date to state in the weight files; today by default.",
)
@cli_common.workers
@cli_common.as_json
def fit(
    specification: Path,
    out: Path,
    weights: Path | None,
    date: datetime | None,
    workers: int,
    as_json: bool,
) -> None:
    """Fit the weights on where states had come to, and score them on states left out.

    Each state, and each region, is left out in turn, for the theory as for the baselines. OUT takes
    samples, tables and figures; the same command goes on where it was stopped.

    \b
    Example:
      alignsim panel fit experiments/panel/panel.yaml --out build/panel --workers 2
    """
    from alignsim import calibrate
    from alignsim.panel import energy, fits, panel_report, within
    from alignsim.panel import specification as specifications

    chosen = specifications.read(specification)
    cli_common.sampler_ready("arviz", "sklearn")
    show = cli_common.samples_bar(chosen.name)
    fitted = fits.fit(chosen, out, workers, show)
    found = within.within(chosen, fitted, out, workers, show)
    parts = (
        energy.energy(chosen, found.world),
        fits.identified(chosen, fitted),
        fits.groups(fitted),
    )
    frames = panel_report.within_frames(found, *parts)
    files = panel_report.write(frames, panel_report.within_figures(found), out)
    if weights is not None:
        stated = calibrate.today() if date is None else date.date().isoformat()
        for name, file in fits.shipped_as(chosen).items():
            files += fits.weight_files(chosen, fitted[name], weights / file, stated)
    if as_json:
        cli_common.print_json(panel_report.records(frames))
    else:
        click.echo(panel_report.within_text(found, *parts))
    click.echo(f"\n{out}: {len(files)} files beside the samples", err=True)


@panel.command()
@SPECIFICATION
@OUT
@cli_common.workers
@cli_common.as_json
def forecast(specification: Path, out: Path, workers: int, as_json: bool) -> None:
    """Forecast the other world by the theory and by every baseline, and hash what is forecast.

    One table a forecaster, all of one shape, with a manifest of hashes of forecasts, inputs and
    code; nothing is scored. Fits that are not in OUT are made first.

    \b
    Example:
      alignsim panel forecast experiments/panel/panel.yaml --out build/panel --workers 2
    """
    from alignsim import reading
    from alignsim.panel import fits, forecasting, movers, panel_report, registering
    from alignsim.panel import specification as specifications
    from alignsim.panel.within import THEORY

    chosen = specifications.read(specification)
    if chosen.forecast is None:
        raise DocumentError(str(specification), None, "forecast", "names no world to forecast")
    cli_common.sampler_ready("sklearn")
    fitted = fits.fit(chosen, out, workers, cli_common.samples_bar(chosen.name))
    main = fitted[chosen.main]
    found = registering.forecasts(chosen, fitted)
    files = registering.issue(chosen, found, fitted, out)
    before = reading.read(chosen.fit_on)
    runs = forecasting.counts(
        forecasting.drawn(before, chosen.dynamics, chosen.draws, chosen.seed),
        main.drawn,
        chosen.runs_a_draw,
        chosen.seed,
    )
    sides = (
        movers.side(before, main.drawn, runs),
        movers.side(found.scenario, main.drawn, found.runs),
    )
    moved = movers.table((before, found.scenario), sides)
    files += panel_report.write({"movers.csv": moved}, panel_report.forecast_figures(found), out)
    if as_json:
        cli_common.print_json(panel_report.records({THEORY: found.tables[THEORY], "movers": moved}))
    else:
        click.echo(panel_report.forecast_text(found, moved))
    click.echo(f"\n{out}: {len(files)} files", err=True)


@panel.command()
@click.argument("outcomes", type=FOLDER)
@FORECASTS
@click.option("--out", type=FOLDER, help="Folder for tables and figures of the scores.")
@RESAMPLES
@cli_common.seed
@cli_common.as_json
def score(
    outcomes: Path, forecasts: Path, out: Path | None, resamples: int, seed: int, as_json: bool
) -> None:
    """Score forecasts against any table of iso3 and outcome.

    OUTCOMES is a CSV file with the columns iso3 and outcome: yes or no (or 1 or 0); partial,
    ambiguous and exclude are left out. The EU counts once. A forecast that was changed since it
    was hashed is refused.

    \b
    Examples:
      alignsim panel score seeds/outcomes-2022.csv --forecasts experiments/panel
      alignsim panel score outcomes.csv --forecasts build/panel --out build/scores
    """
    from alignsim import outcomes as ends
    from alignsim.panel import panel_report, plots_panel, registering
    from alignsim.panel.within import THEORY

    tables, scenario, before = registering.registered(forecasts)
    known = ends.read(outcomes)
    found = cli_common.usage(
        lambda: registering.score(tables, known, scenario, before, resamples, seed)
    )
    frames = {"scores.csv": found.scores, "calibration.csv": found.calibration}
    if out is not None:
        figures = {
            "scores.png": plots_panel.scores_plot(found.scores, THEORY),
            "calibration.png": panel_report.calibration_figure(found.calibration),
        }
        files = panel_report.write(frames, figures, out)
        click.echo(f"{out}: {len(files)} files", err=True)
    if as_json:
        cli_common.print_json(panel_report.records(frames))
    else:
        click.echo(panel_report.scored_text(found))


@panel.command()
@click.argument("outcomes", type=FOLDER)
@FORECASTS
@click.option(
    "--without",
    type=FOLDER,
    help="Table of the theory without norms and the coalition: iso3, p_joined.",
)
@OUT
@RESAMPLES
@cli_common.seed
@cli_common.as_json
def verdict(
    outcomes: Path,
    forecasts: Path,
    without: Path | None,
    out: Path,
    resamples: int,
    seed: int,
    as_json: bool,
) -> None:
    """Judge the registered forecast of 2022, sentence by sentence.

    OUTCOMES is a CSV file as for `score`. OUT takes the scores, also with partial records counted
    either way; the registered sentences with their figures; what each state cost; and the terms
    that moved it.

    \b
    Example:
      alignsim panel verdict outcomes.csv --forecasts experiments/panel --out build/verdict
    """
    from alignsim.panel import panel_report, verdict_report
    from alignsim.panel import verdict as judging

    found = cli_common.usage(lambda: judging.verdict(forecasts, outcomes, without, resamples, seed))
    frames = verdict_report.frames(found)
    files = panel_report.write(frames, verdict_report.figures(found), out)
    if as_json:
        cli_common.print_json(panel_report.records(frames))
    else:
        click.echo(verdict_report.text(found))
    click.echo(f"\n{out}: {len(files)} files", err=True)
