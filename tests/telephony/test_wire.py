"""The wire: what is said on one end is what is understood at the other."""

import asyncio
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightbell.telephony.client import SwitchClient, SwitchUnreachable
from nightbell.telephony.port import BEGINNING, Command, Event, Kind, Op, Reply
from nightbell.telephony.wire import (
    Ack,
    Listen,
    WireRefused,
    decode_answer,
    decode_request,
    encode_answer,
    encode_request,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(), values, max_size=4)
instants = st.datetimes(timezones=st.just(UTC))
counts = st.integers(0, 1 << 40)
requests = st.one_of(
    st.builds(Command, st.text(), st.sampled_from(Op), objects),
    st.builds(Listen, st.tuples(counts, counts)),
    st.builds(Ack, st.tuples(counts, counts)),
)
answers = st.one_of(
    st.builds(Reply, st.text(), st.text(), objects),
    st.builds(Event, st.text(), counts, counts, st.sampled_from(Kind), instants, objects),
)


@given(requests)
def test_a_request_arrives_as_it_was_sent(request: Command | Listen | Ack):
    line = encode_request(request)
    assert line.count(b"\n") == 1
    assert decode_request(line) == request


@given(answers)
def test_an_answer_arrives_as_it_was_sent(answer: Reply | Event):
    line = encode_answer(answer)
    assert line.count(b"\n") == 1
    assert decode_answer(line) == answer


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"x", b"[]", b"{}", b"\xff"),
        *(b'{"ask": {}}', b'{"ack": [1]}', b'{"listen": ["a", 1]}'),
        b'{"ask": {"command_id": "1", "op": "explode", "args": {}}}',
    ],
)
def test_nonsense_is_refused(line: bytes):
    with pytest.raises(WireRefused):
        decode_request(line)


def test_a_switch_that_does_not_run_is_unreachable_and_says_so(tmp_path: Path):
    async def story() -> None:
        client = SwitchClient(tmp_path / "none.sock")
        with pytest.raises(SwitchUnreachable):
            await client.ask(Command("1", Op.HEALTH))
        with pytest.raises(SwitchUnreachable):
            await anext(aiter(client.events(BEGINNING)))
        await client.close()

    asyncio.run(story())


def test_a_switch_that_dies_while_it_is_asked_is_unreachable_at_once(tmp_path: Path):
    async def story() -> None:
        path = tmp_path / "s"

        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.close()

        server = await asyncio.start_unix_server(hang_up, path)
        client = SwitchClient(path)
        for _ in range(2):  # The second finds a new connection, not a dead one.
            with pytest.raises(SwitchUnreachable):
                await asyncio.wait_for(client.ask(Command("1", Op.HEALTH)), 2)
        await client.close()
        server.close()

    asyncio.run(story())
