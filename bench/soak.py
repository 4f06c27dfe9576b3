"""Demonstration calls one after another while parts are killed at random; then the log is checked.

An installation of its own in a temporary folder. Each round kills one part at a random moment of a
hands-free call, waits until everything is up, and places one more call with nothing killed, which
must go through. The seed is printed: the same seed kills the same parts at the same moments.
"""

import argparse
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from nightbell.run.settings import Settings

PARTS = ("web", "worker", "database", "switch")
UP_WITHIN_S = 120
CALL_WITHIN_S = 180


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "nightbell.run.cli", *words]


def healthy(settings: Settings) -> bool:
    give_up = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"{settings.address}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return True
        except OSError:
            time.sleep(0.1)
    return False


def call(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    words = command("demo", "call", "--hands-free")
    return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)


def kill(settings: Settings, part: str) -> None:
    try:
        pid = int((settings.run_folder / f"{part}.pid").read_text())
        os.kill(pid, signal.SIGKILL)
    except (OSError, ValueError):
        return  # It is just being brought back: dead already.


def one_round(settings: Settings, environment: dict[str, str], dice: random.Random) -> bool:
    """Whether the call after the kill went through whole."""
    part, after_s = dice.choice(PARTS), dice.uniform(0.1, 15)
    disturbed = call(environment)
    try:
        disturbed.wait(after_s)
    except subprocess.TimeoutExpired:
        kill(settings, part)
    try:
        # A call that was cut off may end badly; what must hold is checked below and at the end.
        disturbed.wait(CALL_WITHIN_S)
    except subprocess.TimeoutExpired:
        disturbed.kill()
        disturbed.wait()
    if not healthy(settings):
        print(f"not up again {UP_WITHIN_S} s after {part} was killed")
        return False
    calm = call(environment)
    try:
        went_through = calm.wait(CALL_WITHIN_S) == 0
    except subprocess.TimeoutExpired:
        calm.kill()
        calm.wait()
        went_through = False
    print(f"{part} killed after {after_s:.1f} s; next call {'went' if went_through else 'FAILED'}")
    return went_through


def main() -> int:
    asked = argparse.ArgumentParser(prog="dev.py soak", description=__doc__)
    asked.add_argument("--minutes", type=float, default=10)
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    chosen = asked.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="nightbell-soak-"))
    folder.chmod(0o711)
    settings = Settings.read().having(
        data=folder / "data",
        port=free_port(socket.SOCK_STREAM),
        sip_port=free_port(socket.SOCK_DGRAM),
        carrier_port=free_port(socket.SOCK_DGRAM),
    )
    environment = {**os.environ, **settings.environment()}
    print(f"seed {chosen.seed}, {chosen.minutes} minutes, {settings.data}", flush=True)
    serving = subprocess.Popen(command("serve"), env=environment, stdout=subprocess.DEVNULL)
    dice, failed, rounds = random.Random(chosen.seed), 0, 0
    try:
        if not healthy(settings):
            print("it did not come up")
            return 1
        give_up = time.monotonic() + chosen.minutes * 60
        while time.monotonic() < give_up:
            rounds += 1
            failed += not one_round(settings, environment, dice)
        intact = subprocess.run(command("audit", "verify"), env=environment, check=False)
        print(f"{rounds} rounds, {failed} failed")
        return 1 if failed or intact.returncode else 0
    finally:
        serving.send_signal(signal.SIGINT)
        serving.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
