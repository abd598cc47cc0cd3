"""Every page of the installed browser app answers; run by the Python that it is installed for."""

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

PAGES = (
    "explore/", "why/", "play/", "explanations/", "world/", "evidence/",
    "download/csv?start=us-lng",
)  # fmt: skip


def opened(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return bytes(answer.read())


def main() -> None:
    program = Path(sys.executable).with_name("alignsim")
    command = [program, "app", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[-1]
            for _ in range(1500):
                assert server.poll() is None, "the app has ended"
                try:
                    opened(f"{address}static/alignsim.css")
                    break
                except OSError:
                    time.sleep(0.2)
            for page in PAGES:
                print(page, len(opened(address + page)), "bytes")
        finally:
            server.terminate()


main()
