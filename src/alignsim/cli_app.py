"""The command that serves the browser app."""

import re

import click

from alignsim import cli_common, endings, streams

PORT = 8000
KEY = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
ROOT = re.compile(r"(/[A-Za-z0-9._~@%+-]+)+", re.ASCII)


def _key(context: click.Context, parameter: click.Parameter, given: str | None) -> str:
    """The teacher's key; empty where none is given."""
    if given is not None and not KEY.fullmatch(given):
        raise click.BadParameter("8 to 64 letters, digits, - and _ are allowed")
    return given or ""


def _root(context: click.Context, parameter: click.Parameter, given: str | None) -> str:
    """The path below which a proxy serves the app, without a slash at its end."""
    path = (given or "").rstrip("/")
    if path and (not ROOT.fullmatch(path) or {".", ".."} & set(path.split("/"))):
        raise click.BadParameter("a path such as /proxy/8000 is allowed")
    return path


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="Port to listen on; 0 takes any free one.",
)
@click.option("--no-browser", is_flag=True, help="Do not open a page.")
@click.option("--class", "in_class", is_flag=True, help="Serve the local network, for a class.")
@click.option(
    "--teacher-key",
    metavar="KEY",
    callback=_key,
    envvar="ALIGNSIM_TEACHER_KEY",
    show_envvar=True,
    help="Key of the teacher's page, with --class: 8 to 64 letters, digits, - and _; "
    "without it a new one is made at each start.",
)
@click.option(
    "--root-path",
    metavar="PATH",
    callback=_root,
    help="Path below which a proxy serves the app, such as /user/ana/proxy/8000.",
)
def app(port: int, no_browser: bool, in_class: bool, teacher_key: str, root_path: str) -> None:
    """Explore, ask why, and play a seat, in the browser.

    The app answers on this machine only, and needs no internet. With --class it answers on the
    local network: the address for students is shown as text and QR code and leads to Play a seat;
    the teacher's page lists games and predictions, reveals history, and opens the other pages.
    Behind a proxy, such as that of JupyterHub, links work below any path; --root-path lets the app
    answer to the proxy's name. Ctrl-C ends it; nothing is kept.

    \b
    Examples:
      alignsim app
      alignsim app --port 8080 --no-browser
      alignsim app --class
      alignsim app --class --teacher-key room-12-tuesday
      alignsim app --no-browser --root-path /user/ana/proxy/8000
    """
    from alignsim import extras

    if teacher_key and not in_class and _was_written("teacher_key"):
        raise click.UsageError("--teacher-key needs --class")
    extras.ready("shiny", "segno", extra="app")
    from alignsim.app import serving

    try:
        place = serving.bind(port, in_class, teacher_key, root_path)
    except serving.PortError as error:
        raise click.UsageError(str(error)) from None
    cli_common.announce_compilation()
    if in_class:
        code = serving.qr_code(place.students)
        # In other letters a code is of no use, and the address stands below it.
        if streams.shows(code):
            click.echo(code)
        click.echo(f"Students:  {place.students}")
        click.echo(f"Teacher:   {place.teacher}")
    else:
        click.echo(f"alignsim is at {place.address}")
    click.echo("Ctrl-C ends it.")
    try:
        serving.serve(place, browser=not no_browser)
    except KeyboardInterrupt:
        cli_common.say_stopped()
        endings.leave(endings.STOPPED)


def _was_written(option: str) -> bool:
    """Whether an option stands on the command line, and not only in the environment."""
    source = click.get_current_context().get_parameter_source(option)
    return source is click.core.ParameterSource.COMMANDLINE
