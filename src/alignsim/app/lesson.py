"""What a class may see: nothing of how it ended before the teacher reveals it.

A lesson begins held. Students play the case that is open to them, and the rest of the app answers
them with one sentence. The teacher opens a case for play, reveals its history, or opens all other
pages, which show the history of every case.
"""

from collections.abc import Callable

from alignsim.app import setting as settings
from alignsim.app.setting import PageSetting

PLAY = "play"
PAGES = ("explore", "why", PLAY, "explanations", "world", "evidence")
"""Pages of the site, in the order of the navigation; each has an address of its name."""


def cases() -> list[str]:
    """Names of the episodes, in order of time."""
    known = settings.starts()
    episodes = [name for name, one in known.items() if one.episode == name]
    return sorted(episodes, key=lambda name: known[name].calendar.start)


class Lesson:
    """What is open to students; without ``held`` everything is, and nothing can be closed."""

    def __init__(self, held: bool = False) -> None:
        """Begin a lesson: held, with the first case open for play, or open to all."""
        self.held = held
        self.opened = not held
        self.playable = {PageSetting().start}
        self.revealed: set[str] = set()
        self.version = 0
        """Counts every change."""
        self._told: list[Callable[[], None]] = []

    def tell(self, changed: Callable[[], None]) -> None:
        """Call a function after every change."""
        self._told.append(changed)

    # --- what students may ------------------------------------------------------------------------

    def plays(self, start: str) -> bool:
        """Whether a game of a start may be opened. Of a what-if, once its case is revealed.

        A what-if tells by what it changes how the case went.
        """
        scenario = settings.starts().get(start)
        if scenario is None:
            return False
        return self.shows(start) or (start == scenario.episode and start in self.playable)

    def shows(self, start: str) -> bool:
        """Whether history of a start, and what the model makes of it, may be shown."""
        return self.opened or settings.starts()[start].episode in self.revealed

    @property
    def pages(self) -> tuple[str, ...]:
        """Pages that are open."""
        return PAGES if self.opened else (PLAY,)

    @property
    def starts(self) -> list[str]:
        """Starts of which a game may be opened."""
        return [start for start in settings.starts() if self.plays(start)]

    # --- what the teacher does --------------------------------------------------------------------

    def let_play(self, case: str, wanted: bool) -> None:
        """Let students open games of a case, or no longer; a game that has begun goes on."""
        self._set(self.playable, case, wanted)

    def reveal(self, case: str, wanted: bool) -> None:
        """Reveal the history of a case, or hide it again."""
        self._set(self.revealed, case, wanted)

    def open(self, wanted: bool) -> None:
        """Open all other pages to students, or close them again."""
        self.opened = wanted or not self.held
        self._changed()

    def _set(self, of: set[str], case: str, wanted: bool) -> None:
        if case in cases():
            (of.add if wanted else of.discard)(case)
            self._changed()

    def _changed(self) -> None:
        self.version += 1
        for changed in self._told:
            changed()


OPEN = Lesson()
"""What a teacher sees, or whoever uses the app alone."""
