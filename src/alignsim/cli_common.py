"""What the commands share: options, faults of arguments, progress bars."""

import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alignsim import files, streams

if TYPE_CHECKING:
    from alignsim.sweeps import Execute, Progress

SEED = click.IntRange(0, 2**64 - 1)
RUNS = click.IntRange(1, 10_000_000)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
seed = click.option("--seed", type=SEED, default=0, show_default=True, help="Seed of the draws.")
runs = click.option("--runs", type=RUNS, default=2000, show_default=True, help="Free runs.")
weights = click.option(
    "--weights", default="calibrated", show_default=True, help="Weight set, by name or file."
)
workers = click.option(
    "--workers",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    help="Processes of this machine.",
)


def usage(action: Callable[[], Any]) -> Any:
    """Run an action whose ValueError is a wrong argument rather than a fault of the program."""
    from alignsim.documents import DocumentError

    try:
        return action()
    except DocumentError:
        raise
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def print_json(value: Any) -> None:
    """Print a value as JSON; letters that the encoding lacks are escaped as JSON does."""
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)
    if not streams.shows(text):
        text = json.dumps(value, indent=1, allow_nan=False)
    click.echo(text)


def announce_compilation() -> None:
    """Say what the first call is doing, where the engine is not in the cache yet."""
    from alignsim import kernel

    if not kernel.is_compiled():
        click.echo("compiling the engine, once; this takes about 10 seconds ...", err=True)


def sampler_ready(*libraries: str) -> None:
    """Say what is missing for a study, or what the first call is doing, before any work."""
    from alignsim import extras

    extras.ready("dynesty", *libraries)
    announce_compilation()


def _tqdm() -> Any:
    """The bars, with a lock for threads alone: one for processes would start another process."""
    from tqdm import tqdm

    tqdm.set_lock(threading.RLock())
    return tqdm


def samples_bar(label: str) -> Callable[[int, str], None]:
    """Samples done, on a terminal."""
    shown = _tqdm()(desc=label, unit=" samples", disable=None, file=sys.stderr, leave=False)

    def show(done: int, name: str) -> None:
        shown.update(done - shown.n)
        shown.set_postfix_str(name)

    return show


def bar(label: str, total: int | None = None) -> Callable[[int, str], None]:
    """A progress bar on a terminal; silent elsewhere."""
    shown = _tqdm()(total=total, desc=label, disable=None, file=sys.stderr, leave=False)

    def show(done: int, note: str = "") -> None:
        shown.n = done
        shown.set_postfix_str(note)

    return show


def say_stopped() -> None:
    """Say that the program was told to end, and does."""
    click.echo("alignsim: stopped", err=True)


@contextlib.contextmanager
def executed(
    workers: int, dask: str | None = None, dask_local: int | None = None
) -> Iterator["Execute"]:
    """How the chunks are made: here, by processes, or by a Dask cluster."""
    from alignsim import sweep_workers

    if dask is None and dask_local is None:
        if workers == 1:
            yield sweep_workers.serial
        else:
            yield lambda make, indices: sweep_workers.processes(make, indices, workers)
        return
    cluster = sweep_workers.connect(dask) if dask else sweep_workers.local_cluster(dask_local or 1)
    with cluster as client:
        yield lambda make, indices: sweep_workers.dask(make, indices, client)


def run_bar(name: str) -> Callable[["Progress"], None]:
    """Runs done, runs a second and time left, on a terminal."""
    bar: Any = None

    def show(state: "Progress") -> None:
        nonlocal bar
        if bar is None:
            bar = _tqdm()(
                total=state.total,
                initial=state.before,
                desc=name,
                unit=" runs",
                unit_scale=True,
                disable=None,
                file=sys.stderr,
                leave=False,
            )
        bar.update(state.done - bar.n)
        if state.failed:
            bar.set_postfix_str(f"{state.failed} points failed")

    return show


class OutputFile(click.Path):
    """A file to write: ``-`` is standard output, and ``./-`` a file of that name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; the file ``-`` by its full path."""
        path = super().convert(value, param, ctx)
        return Path.cwd() / path if path == files.STDOUT and str(value) != "-" else path


class FigureFile(OutputFile):
    """The same for a figure: PNG or SVG, and PNG for what has no name that says so."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, refused before any work where it says another form."""
        path = super().convert(value, param, ctx)
        if form(path) not in ("png", "svg"):
            self.fail(f"{path}: should end in .png or .svg", param, ctx)
        return path


FILE = OutputFile(path_type=Path)
FIGURE = FigureFile(path_type=Path)


def form(path: Path) -> Any:
    """Form of a figure in a file, by its name; PNG for standard output and devices."""
    return path.suffix[1:].lower() or ("png" if files.is_stream(path) else "")


def written(figure: Any, file: Path) -> None:
    """Write a figure whole, as PNG or SVG."""
    from alignsim import documents, plots

    documents.write_whole(file, plots.rendered(figure, form(file)))
    click.echo(f"{file}: written", err=True)
