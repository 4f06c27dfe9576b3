"""Web Push against a push service that checks everything with code of its own."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import uvicorn

from nightbell.core.errors import Unreachable
from nightbell.core.ids import new_id, wire
from nightbell.edges.push.double import Bad, Device, check_vapid, opened, push_service
from nightbell.edges.push.keys import PushKeys, token_hash
from nightbell.edges.push.sending import (
    PushOff,
    PushRefused,
    PushSender,
    Subscription,
    may_push_to,
    sealed,
)
from nightbell.escalation import commands as escalation
from nightbell.paging import queries as pages
from nightbell.store.outbox import Order
from nightbell.store.work import SERVICE
from tests.escalation.floor import Night

pytestmark = pytest.mark.anyio

CONTACT = "mailto:desk@night.example"


@asynccontextmanager
async def served(devices: dict[str, Device]) -> AsyncGenerator[str]:
    """Our push service on a loopback port; its origin."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(push_service(devices, origin=origin), log_level="error", ws="none")
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve([listener]))
        for _ in range(500):
            if server.started:
                break
            await asyncio.sleep(0.01)
        yield origin
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await running


async def subscribe(night: Night, who: str, origin: str, name: str, device: Device) -> None:
    await night.sql(
        "insert into push_subscription (push_subscription_id, person_id, endpoint, p256dh, auth)"
        " values (%s, %s, %s, %s, %s)",
        (new_id(), night.people[who], f"{origin}/push/{name}", device.p256dh, device.auth_text),
    )


def sender(night: Night, keys: PushKeys) -> PushSender:
    return PushSender(night.store, keys, everywhere=False, contact=CONTACT)


def order(page_id: str, person_id: str) -> Order:
    return Order(1, "push.send", "push/1", {"page": page_id, "person": person_id}, 0)


async def test_an_urgent_page_on_a_lock_screen_tells_nothing_and_its_token_accepts(
    night: Night, tmp_path: Path
):
    keys = PushKeys.at(tmp_path)
    telephone, tablet = Device(vapid_key=keys.public), Device(vapid_key=keys.public, gone=True)
    async with served({"telephone": telephone, "tablet": tablet}) as origin:
        await subscribe(night, "okafor", origin, "telephone", telephone)
        await subscribe(night, "okafor", origin, "tablet", tablet)
        begun = await night.begin()
        app = (await night.all_pages(begun))[0]
        relay = night.relay()
        relay.outside("push.send", sender(night, keys).send)
        while await relay.once():
            pass
    assert telephone.refused == []
    (hint,) = telephone.received
    assert hint.keys() == {"kind", "title", "page", "token"}
    assert hint["title"] == "Urgent page. Open to read."
    assert hint["page"] == wire("page", app.page_id)
    async with night.store.work(SERVICE) as work:
        gone = await work.value("select count(*) from push_subscription where gone_at is not null")
        found = await pages.of_token(work, token_hash(hint["token"]))
        said = [fact.kind for fact in await pages.facts_of(work, [app.page_id])]
    assert gone == 1
    assert found is not None
    assert found.page_id == app.page_id
    assert said == ["queued", "handed_over"]


async def test_a_page_taken_meanwhile_is_not_pushed(night: Night, tmp_path: Path):
    device = Device()
    async with served({"telephone": device}) as origin:
        await subscribe(night, "okafor", origin, "telephone", device)
        begun = await night.begin()
        app = (await night.all_pages(begun))[0]
        async with night.store.work(SERVICE) as work:
            await escalation.take_it(work, begun, by=night.people["boss"], how="supervisor")
        late = order(wire("page", app.page_id), wire("person", night.people["okafor"]))
        await sender(night, PushKeys.at(tmp_path)).send(late)
    assert device.received == []


async def test_a_push_service_that_is_down_is_tried_again_and_the_telephone_rings_anyway(
    night: Night, tmp_path: Path
):
    await subscribe(night, "okafor", "http://127.0.0.1:9", "telephone", Device())
    begun = await night.begin()
    app = (await night.all_pages(begun))[0]
    with pytest.raises(Unreachable):
        await sender(night, PushKeys.at(tmp_path)).send(
            order(wire("page", app.page_id), wire("person", night.people["okafor"]))
        )
    assert ("okafor", "phone", "queued") in await night.pages(begun)


@pytest.mark.parametrize(
    "endpoint", ["http://push.example/x", "https://intranet/x", "ftp://a.example", "https://[", ""]
)
async def test_what_is_no_push_service_is_refused(endpoint: str):
    with pytest.raises(PushRefused):
        may_push_to(endpoint, everywhere=True)


async def test_nothing_leaves_this_machine_unless_it_is_allowed_to():
    with pytest.raises(PushOff, match="NIGHTBELL_PUSH=on"):
        may_push_to("https://push.example/x", everywhere=False)
    may_push_to("https://push.example/x", everywhere=True)
    may_push_to("http://127.0.0.1:8080/push/x", everywhere=False)


async def test_the_service_of_our_own_believes_nothing(tmp_path: Path):
    """The double can say no: another device, a changed byte, another key, another audience."""
    keys, device, other = PushKeys.at(tmp_path / "a"), Device(), Device()
    to = Subscription(new_id(), "", device.p256dh, device.auth_text)
    body = sealed(b"hint", to)
    assert opened(body, device) == b"hint"
    with pytest.raises(Bad):
        opened(body, other)
    with pytest.raises(Bad):
        opened(body[:-1] + bytes([body[-1] ^ 1]), device)
    header = keys.authorization("https://push.example/x", CONTACT)
    check_vapid(header, "https://push.example", keys.public)
    with pytest.raises(Bad, match="audience"):
        check_vapid(header, "https://elsewhere.example", keys.public)
    with pytest.raises(Bad, match="another key"):
        check_vapid(header, "https://push.example", PushKeys.at(tmp_path / "b").public)
    stranger = PushKeys.at(tmp_path / "b").public
    with pytest.raises(Bad, match="signature"):
        check_vapid(header.rpartition("k=")[0] + "k=" + stranger, "https://push.example", "")


async def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path):
    assert PushKeys.at(tmp_path).public == PushKeys.at(tmp_path).public
    assert (tmp_path / "vapid.pem").stat().st_mode & 0o777 == 0o600
    page_id = new_id()
    token = PushKeys.at(tmp_path).page_token(page_id)
    assert token == PushKeys.at(tmp_path).page_token(page_id)
    assert token != PushKeys.at(tmp_path).page_token(new_id())
