"""An open page without a browser: its connection, in the words that a browser uses."""

import json
import time
from contextlib import ExitStack, suppress
from urllib.parse import parse_qsl

from websockets.sync.client import connect

OUTPUTS = ("fault", "room", "stage", "places")


class Tab:
    """An open page without a browser: what was sent to it, and what it sends."""

    def __init__(self, address, page, search="", outputs=OUTPUTS, cookie=""):
        hidden = {f".clientdata_output_{name}_hidden": False for name in outputs}
        self.stack = ExitStack()
        place = f"{address.replace('http', 'ws', 1)}{page}/websocket/"
        headers = {"Cookie": cookie} if cookie else {}
        self.connection = self.stack.enter_context(
            connect(place, additional_headers=headers, max_queue=None)
        )
        self.values, self.own = {}, {}
        self.clicks = 0
        self.query = search
        self._send("init", {**hidden, ".clientdata_url_search": f"?{search}"})

    def _send(self, method, data):
        self.connection.send(json.dumps({"method": method, "data": data}))

    def fill(self, **inputs):
        self._send("update", inputs)

    def click(self, button):
        self.clicks += 1
        self._send("update", {f"{button}:shiny.action": self.clicks})

    def see(self, output, text):
        """Read until an output holds a text."""
        until = time.monotonic() + 30
        while text not in self.values.get(output, ""):
            assert time.monotonic() < until, (output, text, self.values)
            self._take(json.loads(self.connection.recv(30)))
        return self.values[output]

    def _take(self, message):
        assert not message.get("errors"), message
        for output, value in message.get("values", {}).items():
            self.values[output] = value.get("html", "") if isinstance(value, dict) else value or ""
        moved = message.get("custom", {}).get("address")
        if moved:
            self.query = moved["query"] + moved["own"]

    def part(self, name):
        return dict(parse_qsl(self.query)).get(name, "")

    def everything(self):
        """All that comes within a moment."""
        told = ""
        with suppress(TimeoutError):
            while True:
                told += self.connection.recv(1)
        return told

    def close(self):
        self.stack.close()


def ordered(address, key, *orders):
    """Press buttons of the teacher's page, each until its part of the page says what is expected.

    An order is what the button sends, and a text that the part about the lesson then holds.
    """
    tab = Tab(address, "teacher", f"key={key}", ("fault", "lesson", "rooms"))
    tab.see("lesson", "Crimea")
    for order, seen in orders:
        tab.fill(order=order)
        tab.see("lesson", seen)
    tab.close()
