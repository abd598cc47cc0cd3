"""The site as a server: files, limits, and who may ask."""

import asyncio
import http.client
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
import websockets
from shiny import reactive

from alignsim import runs
from alignsim.app import downloads, forecasting, isolation, serving, working
from alignsim.app import site as sites
from alignsim.app.lesson import PAGES
from alignsim.app.setting import PageSetting
from tests.served import served

pytestmark = pytest.mark.usefixtures("few_runs")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as found:
        yield found


def get(address: str, host: str | None = None) -> tuple[int, bytes, str]:
    request = urllib.request.Request(address, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read(), str(answer.headers["Content-Type"])
    except urllib.error.HTTPError as error:
        return error.code, error.read(), ""


@pytest.mark.parametrize("page", ["", *(f"{page}/" for page in PAGES)])
def test_every_page_answers(address: str, page: str) -> None:
    status, content, kind = get(address + page)
    assert status == 200
    assert kind.startswith("text/html")
    assert b"<h1>" in content


def test_nothing_but_the_pages_is_served(address: str) -> None:
    assert get(address + "teacher/")[0] == 404
    assert get(address + "static/../site.py")[0] == 404
    assert get(address + "download/passwd")[0] == 404


@pytest.mark.parametrize("kind", list(downloads.FILES))
def test_files_of_a_setting_are_served(address: str, kind: str) -> None:
    setting = PageSetting().with_changes({"weights.groups.norms": 1.0})
    status, content, media = get(f"{address}download/{kind}?{setting.query()}")
    assert status == 200
    assert media.startswith(downloads.FILES[kind].media)
    if kind == "csv":
        assert content.decode() == runs.as_csv(forecasting.forecast(setting).rows)


def test_there_is_no_weight_file_without_changed_weights(address: str) -> None:
    assert get(f"{address}download/weight?start=crimea-2014")[0] == 404


def test_a_fault_is_one_sentence(address: str) -> None:
    status, content, _ = get(f"{address}download/csv?start=nowhere")
    assert status == 400
    assert content == b"There is no scenario named nowhere."


def test_a_long_address_is_refused(address: str) -> None:
    assert get(f"{address}explore/?{'x' * (sites.MAX_QUERY + 1)}")[0] == 414


def test_only_reading_is_allowed(address: str) -> None:
    connection = http.client.HTTPConnection(address.split("/")[2])
    for method in ("POST", "PUT", "DELETE"):
        connection.request(method, "/explore/", b"x" * 1000)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 405


def test_another_host_name_is_refused(address: str) -> None:
    assert get(f"{address}explore/", host="evil.example")[0] == 400


def _message(address: str) -> str:
    return address.replace("http", "ws", 1) + "explore/websocket/"


async def _drained(connection: websockets.ClientConnection) -> None:
    while True:
        await asyncio.wait_for(connection.recv(), 5)


def test_a_message_that_is_too_long_ends_the_connection(address: str) -> None:
    async def send() -> None:
        async with websockets.connect(_message(address)) as connection:
            await connection.send("x" * (serving.MAX_MESSAGE + 1))
            with pytest.raises(websockets.ConnectionClosed) as caught:
                await _drained(connection)
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1009

    asyncio.run(send())


async def _knock(address: str) -> None:
    async with websockets.connect(_message(address)):
        pass


def test_so_many_pages_and_no_more(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sites, "MAX_SESSIONS", 0)

    with pytest.raises(websockets.InvalidHandshake):
        asyncio.run(_knock(address))


def test_the_page_stands_after_messages_that_no_page_sends(address: str) -> None:
    """Whatever is sent, the session answers the next proper change."""

    async def talk() -> None:
        async with websockets.connect(_message(address), max_size=None) as connection:
            hidden = {f".clientdata_output_{one}_hidden": False for one in ("fault", "result")}
            first = {".clientdata_url_search": "?start=crimea-2014", "start": "crimea-2014"}
            await connection.send(json.dumps({"method": "init", "data": {**hidden, **first}}))
            for sent in ([1], "x", {"states.KOR.g7": "1"}, {"../x": 1}, {"states.KOR.g7": 9}):
                await connection.send(_update({"changes": sent}))
            await connection.send(_update({"start": "../x", "seed": "x", "add": "../x", "file": 3}))
            await connection.send(_update({"narrow": False, "changes": {"states.KOR.g7": 1.0}}))
            assert "member of the G7" in await _until(connection, "result", "member of the G7")

    asyncio.run(talk())


def _update(data: dict[str, object]) -> str:
    return json.dumps({"method": "update", "data": data})


async def _until(connection: websockets.ClientConnection, output: str, text: str) -> str:
    """Content of an output, once it holds a text."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        message = json.loads(await asyncio.wait_for(connection.recv(), 60))
        assert not message.get("errors")
        content = (message.get("values", {}).get(output) or {}).get("html", "")
        if text in content:
            return str(content)
    raise AssertionError(f"{output} never held {text}")


# --- serving ------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    with socket.socket() as other:
        other.bind((serving.HOME, 0))
        other.listen()
        with pytest.raises(serving.PortError, match="address already in use; choose"):
            serving.bind(other.getsockname()[1], in_class=False)


def test_only_a_class_is_served_beyond_this_machine() -> None:
    for in_class, host in ((False, "127.0.0.1"), (True, "0.0.0.0")):
        place = serving.bind(0, in_class)
        with place.bound:
            assert place.bound.getsockname()[0] == host
            assert str(place.port) in place.address
            assert place.key in place.teacher
            assert len(place.key) >= 12


def test_a_machine_without_a_network_serves_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(serving.socket.socket, "connect", unreachable)
    assert serving.own_address() == serving.HOME


def test_a_qr_code_is_drawn_for_a_terminal() -> None:
    assert len(serving.qr_code("http://192.0.2.7:8000/").splitlines()) > 8


def test_slow_work_is_refused_where_too_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "_open", working.threading.BoundedSemaphore(1))

    async def two() -> None:
        first = asyncio.create_task(working.off_loop(time.sleep, 0.3))
        await asyncio.sleep(0.05)
        with pytest.raises(working.BusyError):
            await working.off_loop(time.sleep, 0.0)
        await first
        assert await working.off_loop(int, "3") == 3

    asyncio.run(two())


def test_an_isolated_reading_leaves_nothing_behind() -> None:
    """With Shiny's own, a page that stays open would grow with each message."""
    isolation.forget_isolated_readings()
    value, read = reactive.value(1), []
    for _ in range(50):
        with reactive.isolate():
            read.append(value())
    assert read == [1] * 50
    assert not value._value_dependents._dependents
