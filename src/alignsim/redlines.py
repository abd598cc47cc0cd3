"""Red lines: how far an input, event or decision must move before a state decides otherwise.

Governments could settle beforehand how far each would go in a given case (C22-20). For one state
of a scenario this finds, for each candidate by itself, the smallest change that makes a wanted
outcome the modal one at the last step, and how that threshold moves while the other inputs vary
over their evidence ranges. Thresholds are the model's, under one weight set.
"""

import contextlib
import functools
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alignsim import (
    drawn_inputs,
    kernel,
    memberships,
    sweep_workers,
    variant_paths,
    variants,
    wholes,
)
from alignsim.decision import JOINED, LEVEL_NAMES, LEVELS
from alignsim.redline_tables import RedLine, RedLines
from alignsim.scenario import Scenario
from alignsim.timeline import Timeline
from alignsim.variants import Base, DecisionTarget, InputTarget, PointError, Setting
from alignsim.weights import WeightSet

Counts = NDArray[np.int64]
Holds = Callable[[float], bool]
Progress = Callable[[int, str], None]

GRID = 12
"""Points looked at on either side, in geometric steps up to the bound."""
HALVINGS, DRAW_HALVINGS = 12, 8
FIRST_OF_EVIDENCE, FIRST_OF_BOUNDS = 1 / 4, 1 / 64
"""The nearest point: in widths of the evidence range, of the bounds where that has none."""
CENTRAL = (0.05, 0.95)
"""Quantiles of the threshold over the draws."""
PILOT, CLEAR = 200, 0.5
"""The first PILOT runs with a margin beyond this, seven standard errors, spare the others."""


# --- the search, over any yes or no -------------------------------------------------------------


def steps_to(bound: float, first: float, whole: bool = False) -> list[float]:
    """Changes outward to a bound of either sign, ``bound`` itself last; none where it is zero.

    At most GRID, in geometric steps from ``first`` (above 0); whole ones where ``bound`` is.
    """
    size = abs(bound)
    start = max(first, 1.0) if whole else first
    sizes = [*np.geomspace(start, size, GRID)[:-1], size] if start < size else [size]
    if whole:
        sizes = sorted({float(round(item)) for item in sizes})
    return [float(np.copysign(item, bound)) for item in sizes if item]


def nearest(
    holds: Holds, bound: float, first: float, whole: bool = False, halvings: int = HALVINGS
) -> float | None:
    """Smallest change toward a bound at which ``holds`` is true; None where there is none.

    Looks at :func:`steps_to` until one holds, then halves the way back to the step before, which
    does not. No change is taken not to hold. Where ``holds`` is not monotone, a stretch between
    two steps can be missed.
    """
    inside = 0.0
    for outside in steps_to(bound, first, whole):
        if holds(outside):
            return _halved(holds, inside, outside, whole, halvings)
        inside = outside
    return None


def _halved(holds: Holds, inside: float, outside: float, whole: bool, halvings: int) -> float:
    for _ in range(halvings):
        middle = (inside + outside) / 2.0
        if whole:
            middle = inside + float(int(middle - inside))
            if middle == inside:
                break
        if holds(middle):
            outside = middle
        else:
            inside = middle
    return outside


def smallest(
    holds: Holds, bounds: tuple[float, float], first: float, whole: bool = False
) -> float | None:
    """The smaller of the nearest changes up and down, within bounds (low <= 0 <= high)."""
    found = [nearest(holds, bound, first, whole) for bound in reversed(bounds)]
    return min((one for one in found if one is not None), key=abs, default=None)


# --- what is wanted, and whether it comes about -------------------------------------------------


class Goal(NamedTuple):
    """Wanted levels at the last step, of an ally by its number or of the leader (None).

    They are a side, modal with at least half the runs, or one level, modal if no other has more.
    """

    ally: int | None
    levels: tuple[int, ...]

    @classmethod
    def of(cls, scenario: Scenario, state: str, to: str) -> "Goal":
        """From words. Raises ValueError with what is allowed."""
        states = (scenario.leader, *scenario.allies)
        if state not in states:
            raise ValueError(f"no state {state[:20]} that decides; allowed: {', '.join(states)}")
        wanted: dict[str, Sequence[int]] = {
            "joined": range(JOINED, LEVELS),
            "not-joined": range(JOINED),
            **{name: (level,) for level, name in enumerate(LEVEL_NAMES)},
        }
        if to not in wanted:
            raise ValueError(f"no outcome {to[:20]}; allowed: {', '.join(wanted)}")
        return cls(states.index(state) - 1 if state != scenario.leader else None, (*wanted[to],))

    def share(self, counts: Counts) -> float:
        """Share of the runs, counted by level, with the outcome."""
        return float(counts[list(self.levels)].sum() / counts.sum())

    def margin(self, counts: Counts) -> float:
        """How far the outcome leads the other side, or the next level, in shares of the runs.

        It is modal from 0 up.
        """
        others = np.delete(counts, self.levels)
        rival = others.max() if len(self.levels) == 1 else others.sum()
        return float((counts[list(self.levels)].sum() - rival) / counts.sum())


@dataclass(frozen=True)
class _Study:
    """What is asked, and of what: all that another process needs."""

    base: Base
    goal: Goal
    runs: int
    seed: int
    draws: int
    draw_runs: int

    def counts(self, line: Timeline, first: int, runs: int) -> Counts:
        """Runs with each level of the state at the last step, (6,)."""
        _, weights, dynamics = self.base.parameters
        out = kernel.simulate(line, weights, dynamics, self.seed, first, runs)
        ally = self.goal.ally
        last = out.leader_level[:, -1] if ally is None else out.level[:, -1, ally]
        return np.bincount(last, minlength=LEVELS)

    def worlds(self, without: str = "") -> Iterator[Base]:
        """The drawn bases: every input but one at a place in its evidence range.

        A draw that the model refuses, such as trade shares beyond the whole, is left out.
        """
        return drawn_inputs.worlds(self.base, self.draws, self.seed, without)

    def trials(self, setting: Setting, start: float, without: str) -> "list[_Trial]":
        """A candidate as things are, then in each draw."""
        drawn = [_Trial(self, one, setting, start, self.draw_runs) for one in self.worlds(without)]
        return [_Trial(self, self.base, setting, start, self.runs), *drawn]


@dataclass(frozen=True)
class _Trial:
    """One candidate in one base; ``start`` is the value of no change, 0 for shifts and options."""

    study: _Study
    base: Base
    setting: Setting
    start: float
    runs: int
    margins: dict[float, float] = field(default_factory=dict)
    """Of the changes looked at that the model takes."""

    def __call__(self, change: float) -> bool:
        """Whether the outcome is modal after a change; no where the model refuses it."""
        line = self._line(change)
        if line is None:
            return False
        self.margins[change] = self.present if line is self.base.line else self._margin(line)
        return self.margins[change] >= 0.0

    def best(self) -> float | None:
        """The smallest of the changes with the highest margin; None if none has an effect."""
        moved = [one for one, margin in self.margins.items() if margin != self.present]
        return max(moved, key=lambda one: (self.margins[one], -abs(one)), default=None)

    @functools.cached_property
    def present(self) -> float:
        """Margin with no change."""
        return self._margin(self.base.line)

    def share(self, change: float) -> float:
        """Share of all runs with the outcome after a change that the model takes."""
        line = self._line(change)
        assert line is not None
        return self.study.goal.share(self.study.counts(line, 0, self.runs))

    def _line(self, change: float) -> Timeline | None:
        """The changed timeline: that of the base, where it is equal."""
        try:
            made = variants.vary(self.base, [self.setting], [self.start + change]).line
        except PointError:
            return None
        here = self.base.line._asdict()
        same = all(np.array_equal(there, here[name]) for name, there in made._asdict().items())
        return self.base.line if same else made

    def _margin(self, line: Timeline) -> float:
        counts = self.study.counts(line, 0, min(self.runs, PILOT))
        margin = self.study.goal.margin(counts)
        if self.runs <= PILOT or abs(margin) > CLEAR:
            return margin
        rest = self.study.counts(line, PILOT, self.runs - PILOT)
        return self.study.goal.margin(counts + rest)


def _red_line(study: _Study, path: str) -> RedLine:
    target = variant_paths.target(study.base, path)
    if isinstance(target, DecisionTarget):
        return _of_decision(study, target)
    assert isinstance(target, InputTarget)
    return _of_input(study, target)


def _of_input(study: _Study, target: InputTarget) -> RedLine:
    """An input, shifted as a whole, or an event, set by itself."""
    line, row, event = _stated(study.base, target), target.row, target.month is not None
    assert line.evidence is not None
    present, (least, most) = float(line.present), line.evidence
    width = most - least
    first = width * FIRST_OF_EVIDENCE or (row.high - row.low) * FIRST_OF_BOUNDS
    bounds = (row.low - present, row.high - present)
    setting = Setting(target, "value" if event else "shift")
    start, without = (present, "") if event else (0.0, target.path)
    trial, *drawn = study.trials(setting, start, without)
    change = smallest(trial, bounds, first, row.whole)
    if change is None:
        share = _mean([one.present >= 0.0 or any(map(one, bounds)) for one in drawn])
        best = trial.best()
        if best is None:
            return replace(line, share=share)
        probability = trial.share(best)
        return replace(line, share=share, closest=present + best, probability=probability)
    wanted = (bounds[change > 0.0], first, row.whole, DRAW_HALVINGS)
    found = [0.0 if one.present >= 0.0 else nearest(one, *wanted) for one in drawn]
    known = [present + one for one in found if one is not None] or [np.nan]
    low, high = np.quantile(known, CENTRAL, method="nearest" if row.whole else "linear").tolist()
    threshold = min(max(present + change, row.low), row.high)
    return replace(
        line,
        threshold=threshold,
        change=change,
        units=change / width if width else None,
        low=None if np.isnan(low) else low,
        high=None if np.isnan(high) else high,
        share=_mean([one is not None for one in found]),
        within_evidence=least <= threshold <= most,
        probability=trial.share(change),
    )


def _mean(truths: Sequence[bool]) -> float | None:
    return sum(truths) / len(truths) if truths else None


def _stated(base: Base, target: InputTarget) -> RedLine:
    """An input or event as the scenario states it, with the sources of the present value."""
    stated, row, event = target.stated(base), target.row, target.month is not None
    assert stated is not None
    quantity = target.quantity(base.scenario)
    until = target.month or base.scenario.calendar.ends[-1]
    dated = [change for change in quantity.changes if change.date[:7] <= until]
    note = dated[-1].label or "" if event else ""
    sources = dated[-1].source if dated else quantity.source
    kind: Literal["event", "input"] = "event" if event else "input"
    bounds = (row.low, row.high)
    return RedLine(target.path, kind, row.meaning, row.unit, *stated, bounds, note, sources)


def _of_decision(study: _Study, target: DecisionTarget) -> RedLine:
    """A decision: the first option that does it when it is taken throughout."""
    fixed = getattr(study.base.line, target.table)
    held = set((fixed if target.ally is None else fixed[:, target.ally]).tolist())
    present = target.shown(study.base, held.pop(), "value") if len(held) == 1 else "set in part"
    kind: Literal["stance", "decision"] = "stance" if "stance" in target.path else "decision"
    meaning = target.path.partition(".")[2].replace(".", " ")
    line = RedLine(target.path, kind, meaning, "option", present)
    trial, *drawn = study.trials(Setting(target), 0.0, "")
    does = [option for option in range(len(target.names)) if trial(option)]
    best = does[0] if does else max(trial.margins, key=trial.margins.__getitem__)
    share = _mean([one.present >= 0.0 or one(best) for one in drawn])
    line = replace(line, share=share, probability=trial.share(best))
    if not does:
        return replace(line, closest=target.names[int(best)])
    names = [target.names[option] for option in does]
    note = f"so does {', '.join(names[1:])}" if does[1:] else ""
    return replace(line, threshold=names[0], note=note)


def candidates(base: Base, state: str) -> list[str]:
    """Paths of every input, every event, and every decision that is not the state's own.

    Memberships that no treaty opens to a state are left out.
    """
    decisions = variant_paths.decision_paths(base.scenario)
    others = [path for path in decisions if path.split(".")[1] != state]
    inputs = memberships.possible_paths(base.scenario, variant_paths.input_paths(base.scenario))
    return [*inputs, *variant_paths.event_paths(base), *others]


@wholes.taken(
    runs=wholes.ONE_UP,
    seed=wholes.SEED,
    draws=wholes.ZERO_UP,
    draw_runs=wholes.ONE_UP,
    workers=wholes.ONE_UP,
)
def find(
    scenario: Scenario,
    weights: WeightSet,
    state: str,
    to: str,
    runs: int = 1000,
    seed: int = 0,
    draws: int = 20,
    draw_runs: int = 200,
    paths: Sequence[str] | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> RedLines:
    """The red lines of an ally or the leader toward ``joined``, ``not-joined`` or a level.

    Every evaluation makes the same ``runs`` free runs (``draw_runs`` in the draws); the result is
    the same for any number of ``workers``, which are processes. ``paths`` restricts the
    candidates. ``progress`` is told how many are done, and the last. Raises ValueError.
    """
    goal = Goal.of(scenario, state, to)
    wholes.whole("run", max(runs, draw_runs) - 1, wholes.RUN)
    base = Base.of(scenario, weights)
    study = _Study(base, goal, runs, seed, draws, draw_runs)
    known = candidates(base, state)
    for path in paths or ():
        if path not in known:
            raise ValueError(f"no candidate {path[:60]}; they are such as {known[0]}")
    chosen = [path for path in known if paths is None or path in paths]
    now = study.counts(base.line, 0, runs)
    already = goal.margin(now) >= 0.0
    drawn = [goal.margin(study.counts(one.line, 0, draw_runs)) >= 0.0 for one in study.worlds()]
    lines: dict[int, RedLine] = {}
    with contextlib.closing(_looked_into(study, [] if already else chosen, workers)) as found:
        for index, line in found:
            lines[index] = line
            if progress is not None:
                progress(len(lines), line.path)
    return RedLines(
        scenario=scenario.name,
        state=state,
        label=scenario.label(state),
        to=to,
        modal=int(now.argmax()),
        joined=float(now[JOINED:].sum() / runs),
        present=goal.share(now),
        already=already,
        already_share=_mean(drawn),
        runs=runs,
        draws=draws,
        seed=seed,
        lines=tuple(sorted((lines[index] for index in sorted(lines)), key=lambda line: line.rank)),
    )


@dataclass(frozen=True)
class _Look:
    """Looks into a candidate by its number; can be sent to another process."""

    study: _Study
    paths: tuple[str, ...]

    def __call__(self, index: int) -> tuple[int, RedLine]:
        return index, _red_line(self.study, self.paths[index])


def _looked_into(
    study: _Study, paths: list[str], workers: int
) -> Generator[tuple[int, RedLine], None, None]:
    """Numbers of paths and their lines, as they are ready, from this process or from several."""
    look, numbers = _Look(study, tuple(paths)), range(len(paths))
    if workers == 1 or len(paths) < 2:
        return sweep_workers.serial(look, numbers)
    count = min(workers, len(paths))
    return sweep_workers.processes(look, numbers, count, "redlines", "run the command again")
