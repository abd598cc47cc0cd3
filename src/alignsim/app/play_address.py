"""What an address of the page Play a seat says, checked letter by letter."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from alignsim.app import moves
from alignsim.app import setting as settings
from alignsim.app.debrief import Prediction
from alignsim.app.game import GameError
from alignsim.app.setting import PageSetting, SettingError
from alignsim.app.texts import t

OWN = ("room", "token", "seat", "moves", "said", "name", "lobby")
"""Parts of the address that are the page's own."""
MAX_SAID = 400
"""Letters of a prediction in an address."""

_SAID = re.compile(r"[0-9]{1,3}-[0-9](\.[0-9]{1,3}-[0-9])*", re.ASCII)


@dataclass(frozen=True)
class Address:
    """What an address says: the setting, and the page's own parts."""

    setting: PageSetting = field(default_factory=PageSetting)
    own: tuple[tuple[str, str], ...] = ()
    fault: str = ""
    had_changes: bool = False

    def part(self, name: str) -> str:
        """One of the page's own parts; empty if it is not given."""
        return dict(self.own).get(name, "")


def opened(items: Iterable[tuple[str, str]]) -> Address:
    """What an address says; with a fault, the first episode. Changes of the setting are dropped."""
    items = list(items)
    own = tuple((name, text) for name, text in items if name in OWN)
    try:
        setting = settings.from_query(items, OWN)
    except SettingError as error:
        return Address(fault=t("play.addressless", fault=error))
    return Address(PageSetting(setting.start, setting.seed), own, "", bool(setting.changes))


def said_text(said: Prediction | None) -> str:
    """A prediction for the address."""
    if said is None:
        return ""
    pairs = zip(said.chances, said.levels, strict=True)
    return ".".join(f"{chance}-{level}" for chance, level in pairs)


def said_of(text: str) -> Prediction | None:
    """The prediction of an address; None where it is none."""
    if len(text) > MAX_SAID or not _SAID.fullmatch(text):
        return None
    pairs = [pair.split("-") for pair in text.split(".")]
    chances, levels = zip(*((int(chance), int(level)) for chance, level in pairs), strict=True)
    return Prediction(chances, levels)


def unfit(setting: PageSetting, own: Mapping[str, str]) -> str:
    """Why the game of an address cannot go on; empty if it can."""
    seat = own.get("seat")
    if not seat:
        return t("play.faults.moves")
    try:
        moves.from_text(setting.start, setting.seed, own.get("moves", ""), [seat])
    except (GameError, SettingError) as error:
        return str(error)
    return ""
