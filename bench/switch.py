"""The telephone engine under load: how late its mixer is, and what it costs.

Ten, then twenty bridged calls (two telephone legs and a room each) by the carrier double on the
same machine, which costs as much again. The floor is a bare 20 ms timer beside it in the same run.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from typing import Any

from nightbell.telephony.port import Kind, Op
from tests.telephony.world import RIVERSIDE, BareTimer, World, until, world

TALK_S = 20.0
GOAL_LATE_MS = 10.0  # Later than this, and a frame is heard to be missing.
BRIDGES = (10, 20)


def rows() -> list[Mapping[str, Any]]:
    return [row for bridges in BRIDGES for row in asyncio.run(measured(bridges))]


async def measured(bridges: int) -> list[Mapping[str, Any]]:
    async with world("carrier", "switch") as w:
        answer_ms = await fill(w, bridges)
        timer = BareTimer()
        cpu_s, began = cpu_seconds(w.pid("switch")), time.monotonic()
        await asyncio.sleep(TALK_S)
        cpu = (cpu_seconds(w.pid("switch")) - cpu_s) / (time.monotonic() - began) * 100
        floor = timer.stop()
        health = (await w.do(Op.HEALTH)).result
        assert health["legs"] == 2 * bridges, "a call was lost"
        late = float(str(health["late_ms_p99"]))
    name = f"{bridges}_bridges"
    return [
        row(f"mixer_late_ms_p99_{name}", late, "ms", floor, GOAL_LATE_MS),
        row(f"offer_to_answered_ms_p99_{name}", answer_ms, "ms", None, 100.0),
        row(f"cpu_{name}", round(cpu, 1), "% of a core", None, 100.0),
    ]


async def fill(w: World, bridges: int) -> float:
    """Place and join the calls, ten a second; how long answering took, at worst of a hundred."""
    took: list[float] = []
    for number in range(2 * bridges):
        await w.carrier.place(RIVERSIDE, f"+121255501{number:02}", "music:hold")
        await until(lambda: len(offered(w)) > len(took), "a call was not offered")
        leg = offered(w)[-1]
        began = time.monotonic()
        await w.do(Op.ANSWER, leg=leg)
        await w.told(Kind.LEG_ANSWERED, leg)
        took.append((time.monotonic() - began) * 1000)
        await w.do(Op.JOIN, room=f"{number // 2:032}", leg=leg)
        await asyncio.sleep(0.05)
    return round(sorted(took)[int(len(took) * 0.99)], 1)


def offered(w: World) -> list[str]:
    return [one.leg for one in w.heard if one.kind is Kind.LEG_OFFERED]


def cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def row(
    metric: str, value: float, unit: str, floor: float | None, goal: float
) -> Mapping[str, Any]:
    ratio = round(value / floor, 2) if floor else None
    return {
        "metric": metric,
        "value": value,
        "unit": unit,
        "floor": floor,
        "ratio": ratio,
        "goal": goal,
    }
