"""Load on the browser app: many students move sliders at once; how long does an update take?

    python experiments/benchmarks/app_load.py [--students N] [--seconds S]

A server is started by ``alignsim app``. First a browser opens the page, as its first reader. Then
every student opens the page and its connection, and
moves one slider after another, a new value every half to one and a half seconds, as soon as the
last answer is in; starts and values differ, so that few forecasts are shared. An update is timed
from the value sent to the result received, over the connection and in the words of a browser.
Prints the figures as JSON; ``bench.py`` keeps those of 30 students and two minutes.
"""

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import websockets
from playwright.sync_api import sync_playwright

from alignsim.app import controls, forecasting
from alignsim.app import setting as settings
from alignsim.app.setting import PageSetting

OUTPUTS = ("fault", "about", "sliders", "adder", "result", "numbers", "files")
PAUSE = (0.5, 1.5)
MEMORY_EVERY = 5.0
LONGEST = 30.0
"""Seconds after which an answer is missed."""


class Student:
    """One open page."""

    def __init__(self, number: int, address: str) -> None:
        self.chance = random.Random(number)
        self.address = address
        self.start = self.chance.choice(list(settings.starts()))
        scenario = settings.base(self.start).scenario
        self.paths = [
            *(f"weights.groups.{name}" for name in ("norms", "commerce", "energy_security")),
            *(
                path
                for ally in scenario.allies
                for path in forecasting.levers(scenario.episode, ally)[:3]
            ),
        ]
        self.now = PageSetting(self.start)
        self.times: list[float] = []
        self.errors = 0

    async def sit(self, until: float) -> None:
        """Open the page, then move sliders until a time."""
        query = PageSetting(self.start).query()
        await asyncio.to_thread(_read, f"{self.address}explore/?{query}")
        address = self.address.replace("http", "ws") + "explore/websocket/"
        async with websockets.connect(address, max_size=None) as connection:
            await self._open(connection, query)
            while time.monotonic() < until:
                await asyncio.sleep(self.chance.uniform(*PAUSE))
                await self._move(connection)

    async def _open(self, connection: websockets.ClientConnection, query: str) -> None:
        hidden = {f".clientdata_output_{name}_hidden": False for name in OUTPUTS}
        first = {"start": self.start, "seed": "0", "undo:shiny.action": 0}
        search = {".clientdata_url_search": f"?{query}"}
        await connection.send(json.dumps({"method": "init", "data": {**hidden, **first, **search}}))
        await connection.send(json.dumps({"method": "update", "data": {"narrow": False}}))
        await self._result(connection)

    async def _move(self, connection: websockets.ClientConnection) -> None:
        path = self.chance.choice(self.paths)
        low, high, _, whole = controls.bounds(PageSetting(self.start), path)
        value = self.chance.uniform(low, high)
        changes = {path: float(round(value)) if whole else float(f"{value:.3g}")}
        after = PageSetting(self.start).with_changes(changes)
        if after == self.now:
            return  # nothing would be answered
        self.now = after
        began = time.perf_counter()
        await connection.send(json.dumps({"method": "update", "data": {"changes": changes}}))
        if await self._result(connection):
            self.times.append(time.perf_counter() - began)

    async def _result(self, connection: websockets.ClientConnection) -> bool:
        """Wait for the next result; every session also hears when others are answered."""
        try:
            async with asyncio.timeout(LONGEST):
                while True:
                    message = json.loads(await connection.recv())
                    self.errors += len(message.get("errors", []))
                    if message.get("values", {}).get("result"):
                        return True
        except TimeoutError:
            self.errors += 1
            return False


def _read(address: str) -> bytes:
    with urllib.request.urlopen(address) as answer:
        return bytes(answer.read())


def _memory(process: int) -> float:
    """Resident memory in MiB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def _watch(process: int, until: float) -> list[float]:
    seen = []
    while time.monotonic() < until:
        seen.append(_memory(process))
        await asyncio.sleep(MEMORY_EVERY)
    return seen


async def load(address: str, process: int, students: int, seconds: float) -> dict[str, float]:
    """Let the students work; the figures."""
    seats = [Student(number, address) for number in range(students)]
    until = time.monotonic() + seconds
    memory, *ends = await asyncio.gather(
        _watch(process, until), *(one.sit(until) for one in seats), return_exceptions=True
    )
    times = [one for seat in seats for one in seat.times]
    failed = sum(isinstance(end, BaseException) for end in ends)
    half = len(memory) // 2
    return {
        "app_update_median_ms": 1e3 * statistics.median(times),
        "app_update_p95_ms": 1e3 * statistics.quantiles(times, n=20)[-1],
        "app_errors": failed + sum(seat.errors for seat in seats),
        "app_updates_per_second": len(times) / seconds,
        "app_memory_end_vs_half": memory[-1] / memory[half],
        "app_memory_end_mib": memory[-1],
    }


def first_page(address: str) -> float:
    """Seconds from opening the page in a browser until its charts stand there."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page()
        began = time.perf_counter()
        page.goto(f"{address}explore/")
        page.wait_for_selector("svg.panel")
        taken = time.perf_counter() - began
        browser.close()
    return taken


def measured(students: int = 30, seconds: float = 120.0) -> dict[str, float]:
    """Start a server, open the first page, load it: the figures."""
    program = str(Path(sys.executable).with_name("alignsim"))
    command = [program, "app", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            address = _address(server)
            _until_open(address)
            opened = first_page(address)
            found = asyncio.run(load(address, server.pid, students, seconds))
        finally:
            server.terminate()
    return {**found, "app_first_page_ms": 1e3 * opened}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=120.0)
    asked = parser.parse_args()
    print(json.dumps(measured(asked.students, asked.seconds), indent=1))


def _address(server: "subprocess.Popen[str]") -> str:
    assert server.stdout is not None
    for line in server.stdout:
        if found := re.search(r"http://\S+", line):
            return found[0]
    raise SystemExit("the server did not start")


def _until_open(address: str) -> None:
    for _ in range(200):
        try:
            _read(f"{address}static/icon.svg")
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not answer")


if __name__ == "__main__":
    main()
