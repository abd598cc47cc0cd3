"""A thousand damaged scenario files: each is read, or refused in one line."""

import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignsim import documents, reading
from alignsim.documents import DocumentError
from alignsim.scenario import Scenario

ODD = [
    *(
        b"",
        b"~",
        b"null",
        b"true",
        b"no",
        b"0",
        b"-1",
        b"1e999",
        b".nan",
        b"-.inf",
        b"0x1F",
        b"0o8",
    ),
    *(
        b"1" + b"0" * 400,
        b"9" * 5000,
        b"'",
        b'"',
        b'"\\ud800"',
        b'"\\e"',
        b'"\\UFFFFFFFF"',
        b"2014-13",
    ),
    *(
        b"2014-02-30",
        b"[]",
        b"{}",
        b"[[[[",
        b"{a: {b: c}}",
        b"- x",
        b"? x",
        b"&a x",
        b"*a",
        b"!!str x",
    ),
    *(b"!!python/object:x {}", b"<<: *a", b"|", b">-", b"%YAML 1.1", b"---", b"...", b"#", b"\t"),
    *(
        b"\x00",
        b"\xff",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xef\xbb\xbf",
        b"a: b: c",
        b"[" * 300,
        b"- " * 300,
    ),
    *(
        b"crimea-2014",
        b"mutant",
        b"../mutant",
        b"episode",
        b"whatif",
        b"weights",
        b"JPN",
        b"\xd9\xa1",
    ),
]
SCALAR = re.compile(rb"[^\s,:\[\]{}\"']+")

Change = Callable[[bytes], bytes]


def spliced(raw: bytes, start: int, end: int, new: bytes) -> bytes:
    return raw[:start] + new + raw[end:]


pytestmark = pytest.mark.slow


@st.composite
def bytes_changed(draw: st.DrawFn, raw: bytes) -> bytes:
    """Some bytes inserted, deleted or replaced."""
    start = draw(st.integers(0, len(raw)))
    end = min(len(raw), start + draw(st.sampled_from([0, 0, 1, 1, 2, 30])))
    return spliced(raw, start, end, draw(st.binary(max_size=4) | st.sampled_from(ODD)))


@st.composite
def lines_changed(draw: st.DrawFn, raw: bytes) -> bytes:
    """A line deleted, doubled, indented, or swapped with another."""
    lines = raw.splitlines(keepends=True)
    if not lines:
        return raw
    one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    kind = draw(st.sampled_from(["delete", "double", "move", "swap", "indent", "cut"]))
    if kind == "delete":
        del lines[one]
    elif kind == "double":
        lines.insert(one, lines[one])
    elif kind == "move":
        lines.insert(other, lines[one])
    elif kind == "swap":
        lines[one], lines[other] = lines[other], lines[one]
    elif kind == "indent":
        lines[one] = b"  " + lines[one]
    else:
        del lines[one:]
    return b"".join(lines)


@st.composite
def scalars_changed(draw: st.DrawFn, raw: bytes) -> bytes:
    """A key or value replaced by an odd one, or by another of the file."""
    found = list(SCALAR.finditer(raw))
    if not found:
        return raw
    match = found[draw(st.integers(0, len(found) - 1))]
    other = found[draw(st.integers(0, len(found) - 1))][0]
    return spliced(raw, *match.span(), draw(st.sampled_from(ODD) | st.just(other)))


@st.composite
def mutants(draw: st.DrawFn, originals: list[bytes]) -> bytes:
    """One of the originals after one to three changes."""
    raw = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(1, 3))):
        change = draw(st.sampled_from([bytes_changed, lines_changed, scalars_changed]))
        raw = draw(change(raw))
    return raw


def shipped(folder: str) -> list[bytes]:
    return [reading.find(name).read_bytes() for name in reading.shipped(folder)]


@pytest.fixture(scope="module")
def originals(short_episode: str) -> list[bytes]:
    """What is damaged: mostly the short episode and the what-ifs, which are soon read."""
    short = short_episode.encode()
    return [*shipped("episodes"), *shipped("whatifs"), *[short] * 21]


@pytest.fixture(scope="module")
def outcomes() -> set[str]:
    return set()


@settings(
    max_examples=1000,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_in_one_line(originals, outcomes, data):
    raw = data.draw(mutants(originals))
    try:
        scenario = reading.resolve(documents.parse(raw, "mutant.yaml"))
    except DocumentError as error:
        message = str(error)
        assert len(message.splitlines()) == 1
        assert message.isprintable()
        assert message.startswith("mutant.yaml:")
        outcomes.add("refused")
    else:
        assert isinstance(scenario, Scenario)
        assert scenario.digest
        outcomes.add("read")


def test_both_outcomes_were_met(outcomes):
    """Runs after the property test: it would say little if all mutants were refused."""
    assert outcomes in (set(), {"read", "refused"})
