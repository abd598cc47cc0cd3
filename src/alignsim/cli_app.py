"""The command that serves the browser app."""

import click

from alignsim import cli_common

PORT = 8000


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
def app(port: int, no_browser: bool, in_class: bool) -> None:
    """Explore, ask why, and play a seat, in the browser.

    The app answers on this machine only, and needs no internet. With --class it answers on the
    local network: the address for students is shown as text and QR code, and the teacher's page
    lists games and predictions. Ctrl-C ends it; nothing is kept.

    \b
    Examples:
      alignsim app
      alignsim app --port 8080 --no-browser
      alignsim app --class
    """
    from alignsim import extras

    extras.ready("shiny", "segno", extra="app")
    from alignsim.app import serving

    try:
        place = serving.bind(port, in_class)
    except serving.PortError as error:
        raise click.UsageError(str(error)) from None
    cli_common.announce_compilation()
    if in_class:
        click.echo(serving.qr_code(place.address))
        click.echo(f"Students:  {place.address}")
        click.echo(f"Teacher:   {place.teacher}")
    else:
        click.echo(f"alignsim is at {place.address}")
    click.echo("Ctrl-C ends it.")
    serving.serve(place, browser=not no_browser)
