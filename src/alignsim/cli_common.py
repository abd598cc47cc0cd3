"""What the commands share: options, faults of arguments, progress bars."""

import json
import sys
from collections.abc import Callable
from typing import Any

import click

SEED = click.IntRange(0, 2**64 - 1)
RUNS = click.IntRange(1, 10_000_000)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
seed = click.option("--seed", type=SEED, default=0, show_default=True, help="Seed of the draws.")
runs = click.option("--runs", type=RUNS, default=2000, show_default=True, help="Free runs.")
weights = click.option(
    "--weights", default="calibrated", show_default=True, help="Weight set, by name or file."
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
    """Print a value as JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False))


def announce_compilation() -> None:
    """Say what the first call is doing, where the engine is not in the cache yet."""
    from alignsim import kernel

    if not kernel.is_compiled():
        click.echo("compiling the engine, once; this takes about 10 seconds ...", err=True)


def bar(label: str, total: int | None = None) -> Callable[[int, str], None]:
    """A progress bar on a terminal; silent elsewhere."""
    from tqdm import tqdm

    shown = tqdm(total=total, desc=label, disable=None, file=sys.stderr, leave=False)

    def show(done: int, note: str = "") -> None:
        shown.n = done
        shown.set_postfix_str(note)

    return show
