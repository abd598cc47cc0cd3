"""Serving the site: address and port, the browser, a class on the local network."""

import contextlib
import secrets
import socket
import threading
import webbrowser
from dataclasses import dataclass
from io import StringIO

import segno
import uvicorn

from alignsim.app import catalogue, forecasting, numbers, rivals, world
from alignsim.app.gate import Rooted
from alignsim.app.lesson import PLAY
from alignsim.app.setting import PageSetting
from alignsim.app.site import site
from alignsim.documents import DocumentError

HOME, EVERYONE = "127.0.0.1", "0.0.0.0"  # noqa: S104  a class is served on purpose
MAX_MESSAGE = 128 * 1024
"""Bytes of one message from a page; the largest holds a scenario file."""
AWAY = ("192.0.2.1", 9)
"""An address that only documentation uses (RFC 5737): a socket toward it tells our own."""
GRACE = 2
"""Seconds that open pages have to end when the server is stopped."""


class PortError(OSError):
    """The port is in use, or may not be used."""


@dataclass(frozen=True)
class Place:
    """Where the site is served: a bound socket, and addresses for people."""

    bound: socket.socket
    port: int
    """The port bound, also where any free one was asked for."""
    in_class: bool
    key: str
    root: str = ""
    """Path below which a proxy serves the site; it begins with a slash and ends without one."""

    @property
    def address(self) -> str:
        """What to open: on this machine, or in class on the others."""
        host = own_address() if self.in_class else HOME
        return f"http://{host}:{self.port}{self.root}/"

    @property
    def students(self) -> str:
        """Where students play."""
        return f"{self.address}{PLAY}/"

    @property
    def teacher(self) -> str:
        """The teacher's page."""
        return f"{self.address}teacher/?key={self.key}"


def bind(port: int, in_class: bool, key: str = "", root: str = "") -> Place:
    """Take the port: of this machine only, or in class of its network. Raises PortError.

    Without a ``key`` for the teacher one is made that nobody can guess.
    """
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((EVERYONE if in_class else HOME, port))
    except OSError as error:
        bound.close()
        reason = (error.strerror or str(error)).lower()
        raise PortError(f"port {port}: {reason}; choose another with --port") from None
    chosen = key or secrets.token_urlsafe(9)
    return Place(bound, int(bound.getsockname()[1]), in_class, chosen, root)


def own_address() -> str:
    """Address of the machine in its network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(AWAY)
        except OSError:
            return HOME
        return str(probe.getsockname()[0])


def qr_code(address: str) -> str:
    """An address as a QR code of letters, for a terminal."""
    drawn = StringIO()
    segno.make(address).terminal(out=drawn, compact=True)
    return drawn.getvalue()


def warm() -> None:
    """Make what every first page needs, so that the first reader does not wait for it."""
    forecasting.forecast(PageSetting())
    for episode, scenario in rivals.episodes().items():
        for state in (*scenario.allies, scenario.leader):
            forecasting.levers(episode, state)


def warm_rest() -> None:
    """Make what the other pages need; in a thread, while the first reader looks around."""
    rivals.weighed(rivals.RUNS)
    catalogue.claims()
    numbers.numbers()
    # Where the results are missing, the page says so.
    with contextlib.suppress(world.ResultsError, DocumentError):
        world.warm()


def server(place: Place) -> uvicorn.Server:
    """The server of the site at a place; not yet running."""
    made = site(place.key, place.in_class, behind_proxy=bool(place.root))
    return uvicorn.Server(
        uvicorn.Config(
            Rooted(made, place.root) if place.root else made,
            log_level="warning",
            ws_max_size=MAX_MESSAGE,
            timeout_graceful_shutdown=GRACE,
            server_header=False,
            lifespan="off",
        )
    )


def serve(place: Place, browser: bool) -> None:
    """Serve until Ctrl-C. Open pages are told and end; nothing is kept.

    Ends with KeyboardInterrupt, whatever signal told the server to end; threads may still compute.
    """
    warm()
    made = server(place)
    if browser:
        shown = place.teacher if place.in_class else place.address
        threading.Timer(0.5, webbrowser.open, [shown]).start()
    threading.Thread(target=warm_rest, daemon=True).start()
    with place.bound:
        made.run(sockets=[place.bound])
    if made.should_exit:
        raise KeyboardInterrupt
