"""A stranger's SIP stack: sipp, with RTP, against the real switch. It is strict where ours is kind:
a message it does not expect, a needless re-INVITE say, fails the call."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nightbell.telephony.port import Kind, Op
from tests.telephony.world import (
    FATHER,
    MOTHER,
    RATE,
    RIVERSIDE,
    World,
    free_udp_port,
    tone,
    world,
)

pytestmark = pytest.mark.sipp

LOW, HIGH = 617.0, 1013.0
ROOM = "c" * 32
Story = Callable[[World], Coroutine[Any, Any, None]]

SCENARIO = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="a patient calls">
<send retrans="500"><![CDATA[
INVITE sip:{dialled}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{caller}@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
To: <sip:{dialled}@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: sip:{caller}@[local_ip]:[local_port]
{headers}Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
]]></send>
<recv response="100" optional="true"></recv>
<recv response="180" optional="true"></recv>
<recv response="200" rrs="true"></recv>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{caller}@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
To: <sip:{dialled}@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<nop><action><exec rtp_stream="{speech},-1,0,PCMU/8000"/></action></nop>
<pause milliseconds="{talk_ms}"/>
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{caller}@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
To: <sip:{dialled}@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"></recv>
</scenario>
"""


def play(story: Story) -> None:
    async def night() -> None:
        async with world("carrier", "switch") as w:
            await asyncio.wait_for(story(w), 60)

    asyncio.run(night())


async def sipp(w: World, folder: Path, *, headers: str = "", talk_ms: int) -> asyncio.Task[int]:
    """A call by sipp, in the background; its exit status is 0 when all went by the book."""
    speech = write_pcmu(folder / "speech.pcmu", HIGH, seconds=2.0)
    scenario = write_scenario(folder, speech, headers, talk_ms)
    process = await asyncio.create_subprocess_exec(
        *("sipp", f"127.0.0.1:{w.settings.sip_port}", "-sf", str(scenario), "-m", "1"),
        *("-i", "127.0.0.1", "-p", str(free_udp_port()), "-nostdin", "-timeout", "40"),
        cwd=folder,
        env={**os.environ, "TERM": "dumb"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return asyncio.create_task(process.wait())


def write_scenario(folder: Path, speech: Path, headers: str, talk_ms: int) -> Path:
    path = folder / "patient.xml"
    path.write_text(
        SCENARIO.format(
            dialled="+12125550190",
            caller=MOTHER,
            headers=headers,
            speech=speech,
            talk_ms=talk_ms,
        )
    )
    return path


def write_pcmu(path: Path, pitch: float, seconds: float) -> Path:
    t = np.arange(int(seconds * RATE)) / RATE
    pcm = np.round(8000 * np.sin(2 * np.pi * pitch * t)).astype(int)
    magnitude = np.minimum(np.abs(pcm), 32635) + 132
    exponent = np.floor(np.log2(magnitude)).astype(int) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    sign = np.where(pcm < 0, 0x80, 0)
    path.write_bytes((~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8).tobytes())
    return path


def test_a_strangers_call_is_heard_and_ends_by_the_book(tmp_path: Path):
    async def story(w: World) -> None:
        father = await w.caller(FATHER, says=tone(tmp_path / "low.wav", LOW, seconds=20))
        done = await sipp(w, tmp_path, talk_ms=8000)
        offered = await w.told(Kind.LEG_OFFERED, cli=MOTHER)
        await w.do(Op.ANSWER, leg=offered.leg)
        await w.told(Kind.LEG_ANSWERED, offered.leg)
        for leg in (father, offered.leg):
            await w.do(Op.JOIN, room=ROOM, leg=leg)
        await w.hears(FATHER, HIGH)
        assert await done == 0
        assert (await w.told(Kind.LEG_ENDED, offered.leg)).facts["cause"] == "far_hangup"

    play(story)


def test_the_edges_word_for_the_dialled_number_beats_the_to_header(tmp_path: Path):
    async def story(w: World) -> None:
        done = await sipp(
            w,
            tmp_path,
            headers=(
                f"X-Did: {RIVERSIDE}\nP-Asserted-Identity: <sip:{FATHER}@carrier.example>\n"
                "Diversion: <sip:+12125550101@carrier.example>;reason=no-answer\n"
            ),
            talk_ms=500,
        )
        offered = await w.told(Kind.LEG_OFFERED)
        assert offered.facts["did"] == RIVERSIDE
        assert offered.facts["cli"] == FATHER
        assert offered.facts["diversion"] == "+12125550101"
        await w.do(Op.ANSWER, leg=offered.leg)
        assert await done == 0

    play(story)


def test_without_such_a_word_the_to_header_says_who_was_dialled(tmp_path: Path):
    async def story(w: World) -> None:
        done = await sipp(w, tmp_path, talk_ms=500)
        offered = await w.told(Kind.LEG_OFFERED)
        assert offered.facts["did"] == "+12125550190"
        assert offered.facts["cli"] == MOTHER
        await w.do(Op.ANSWER, leg=offered.leg)
        assert await done == 0

    play(story)
