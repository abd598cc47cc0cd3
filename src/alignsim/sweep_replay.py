"""One run of a sweep again, as a Mesa run with every decision, held against the row stored."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from alignsim import explanation, kernel, runs, sweep_points, sweep_store, sweeps, tables
from alignsim.documents import Document, DocumentError
from alignsim.kernel import Outcome
from alignsim.model import AlignmentModel
from alignsim.sweep_points import Sweep
from alignsim.sweeps import Maker

Record = dict[str, Any]


@dataclass(frozen=True)
class Replay:
    """A run of a sweep as the Mesa model plays it, and how it compares with what was stored.

    ``differences`` names the columns in which the row stored is another; empty where it is the
    same. ``stored`` is None where the chunk is not made yet, ``counted`` where the sweep keeps
    counts only and the run must be among those counted.
    """

    sweep: Sweep
    point: int
    replication: int
    values: dict[str, float | str]
    model: AlignmentModel
    stored: list[Record] | None
    counted: bool
    differences: list[str]

    def record(self) -> Record:
        """All of it, for JSON."""
        return {
            "sweep": self.sweep.specification.name,
            "scenario": self.model.played.name,
            "point": self.point,
            "replication": self.replication,
            "factors": self.values,
            "stored": self.stored,
            "differences": self.differences,
            "decisions": [runs.decided(made) for made in self.model.decisions],
        }


def replay(folder: Path, run: str, beside: Path = Path()) -> Replay:
    """Play run ``POINT:REPLICATION`` of a sweep's folder again.

    ``beside`` is the folder that the specification's other files are relative to. Raises
    DocumentError where the folder is no sweep's, or its scenario, weights or evidence have changed
    since; ValueError for a run it does not have; PointError with the reason of a point that failed.
    """
    manifest = sweep_store.read_manifest(folder)
    sweep = _sweep(manifest, folder, beside)
    point, replication = _parsed(sweep, run)
    values = sweep.values(point, 1)[0].tolist()
    variant = sweep.variant(point, values)
    model = AlignmentModel(
        variant.scenario,
        variant.parameters,
        run=replication,
        rng=sweep.specification.seed,
        line=variant.line,
    ).run_all()
    maker = Maker.of(sweep)
    stored = _stored(maker, folder, point, replication)
    keeper = maker.keepers[sweep.base(point)]
    differences = [] if stored is None else _differences(maker, model, point, stored)
    named = dict(zip(sweep.names, sweep.shown(point, values), strict=True))
    return Replay(sweep, point, replication, named, model, stored, keeper.counted, differences)


def as_text(found: Replay, state: str | None = None, date: str | None = None) -> str:
    """The decisions beside history, and why: each ally's at the end, or those of a state and date.

    Raises ValueError where there is no such decision.
    """
    model, scenario = found.model, found.model.played
    factors = ", ".join(
        f"{name} {value if isinstance(value, str) else f'{value:.4g}'}"
        for name, value in list(found.values.items())[:8]
    )
    more = f", and {len(found.values) - 8} more" if len(found.values) > 8 else ""
    title = found.sweep.specification.title
    head = (
        f"{title}\n{scenario.title}: point {found.point}, replication {found.replication}, "
        f"seed {model.draw_seed}\n{factors}{more}\n{_verdict(found)}"
    )
    paths = tables.paths(scenario, runs.single_paths(scenario, model.decisions))
    step = scenario.calendar.step_of(date) if date else scenario.calendar.steps - 1
    wanted = [state] if state else list(scenario.allies)
    explained = [
        tables.explained(scenario, explanation.of_made(scenario, made))
        for made in model.decisions
        if made.step == step and made.state in wanted and (state or made.decision == "level")
    ]
    if not explained:
        raise ValueError(f"no decision of {', '.join(wanted)} at {date}")
    return "\n\n".join([head, paths, *explained])


def _verdict(found: Replay) -> str:
    if found.stored is None:
        return "Its chunk is not made yet; nothing is stored to compare with."
    if found.differences:
        return f"Other than the row stored in: {', '.join(found.differences)}."
    if found.counted:
        return "The sweep kept counts; they hold a run with these outcomes."
    return "Equal to what is stored, column by column."


def _sweep(manifest: Record, folder: Path, beside: Path) -> Sweep:
    """The sweep of a manifest, if what it rests on is still the same."""
    document = Document(str(beside / sweep_store.MANIFEST), manifest["specification"])
    sweep = sweep_points.of_document(document)
    now = sweeps.manifest(sweep)["hashes"]
    for name, then in manifest["hashes"].items():
        if now[name] != then:
            message = f"{name} changed since the sweep was made; its runs cannot be played again"
            raise DocumentError(str(folder / sweep_store.MANIFEST), None, f"hashes.{name}", message)
    return sweep


def _parsed(sweep: Sweep, run: str) -> tuple[int, int]:
    point, sign, replication = run.partition(":")
    if not (sign and point.isdecimal() and replication.isdecimal()):
        raise ValueError(f"{run[:40]} is not a run; write POINT:REPLICATION, such as 12:7")
    if int(point) >= sweep.points:
        raise ValueError(f"point {int(point)} is not in 0 to {sweep.points - 1}")
    if int(replication) >= sweep.specification.replications:
        last = sweep.specification.replications - 1
        raise ValueError(f"replication {int(replication)} is not in 0 to {last}")
    return int(point), int(replication)


def _stored(maker: Maker, folder: Path, point: int, replication: int) -> list[Record] | None:
    """The rows of a run, or of the block that counts it; None where they are not made yet."""
    chunk, first = maker.plan.place(point, replication)
    file = sweep_store.chunk_file(folder, chunk)
    if file is None:
        return None
    counted = maker.keepers[0].counted
    of_run = [("point", "==", point), ("replication", "==", first if counted else replication)]
    rows: list[Record] = pq.read_table(file, filters=of_run).to_pylist()
    return rows


def _differences(
    maker: Maker, model: AlignmentModel, point: int, stored: list[Record]
) -> list[str]:
    """Columns in which the run is not what is stored."""
    keeper = maker.keepers[maker.sweep.base(point)]
    differing = []
    for name, column in keeper.columns(outcome(model)).items():
        played = keeper.arrow(name, column).to_pylist()
        kept = [row[name] for row in stored]
        if keeper.counted:
            same = len(played) == len(kept) and all(
                one <= many for one, many in zip(played, kept, strict=True)
            )
        else:
            same = played == kept
        if not same:
            differing.append(name)
    return differing


def outcome(model: AlignmentModel) -> Outcome:
    """A Mesa run as the compiled engine gives it, one run long."""
    scenario = model.played
    steps, allies = scenario.calendar.steps, scenario.allies
    found = kernel.room(1, steps, len(allies))
    stances = {scenario.leader: found.leader_stance, scenario.target: found.target_stance}
    for made in model.decisions:
        if scenario.unions.keys() & {made.state, made.toward}:
            continue  # its members have it too
        if made.decision == "stance":
            stances[made.state][0, made.step, allies.index(made.toward or "")] = made.chosen
        elif made.state == scenario.leader:
            found.leader_level[0, made.step] = made.chosen
        else:
            table = found.level if made.decision == "level" else found.engagement
            table[0, made.step, allies.index(made.state)] = made.chosen
    seen = model.datacollector.get_model_vars_dataframe()
    found.pressure[0] = seen["pressure"]
    found.misalignment[0] = seen["misalignment"]
    return found
