"""A waiting caller is put through to the clinician: every room in line, the switch in memory."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from nightbell.core.ids import CallId, wire
from nightbell.run import subscriptions
from nightbell.store.outbox import Relay
from nightbell.telephony.memory import Behaviour
from tests.ground import Database
from tests.stories.floor import CALLER, DANA, OKAFORS_PHONE, Floor, night
from tests.stories.test_desk import do, get, sign_in
from tests.web import Browser, application, browser

pytestmark = pytest.mark.anyio

ON_CALL = """
insert into contact_method (contact_method_id, person_id, channel, address, verified_at) values
  (gen_random_uuid(), '00000000-0000-0000-0000-0000000000c1', 'phone', '+12125550171', now());
insert into oncall_role (account_id, role)
  values ('00000000-0000-0000-0000-0000000000a1', 'first call');
insert into rota (rota_id, account_id, role, time_zone, every, handoff_at, starts_on, people) values
  (gen_random_uuid(), '00000000-0000-0000-0000-0000000000a1', 'first call', 'America/New_York',
   'week', '08:00', '2030-12-30', '{00000000-0000-0000-0000-0000000000c1}');
insert into policy (account_id, tier, steps)
  select '00000000-0000-0000-0000-0000000000a1', tier,
    '[{"role": "first call", "pages": 2, "wait_s": 300}]'
  from unnest(array['T1', 'T2', 'T3']) tier;
"""


async def asked_for(floor: Floor, dana: Browser, app: FastAPI) -> tuple[CallId, dict[str, object]]:
    """Dana has a caller and asks for the clinician; everything that follows has happened."""
    app.state.switch, app.state.vault = floor.switch, floor.vault
    await floor.write(ON_CALL)  # pyright: ignore[reportArgumentType]
    await sign_in(floor.database, dana, DANA, "dana")
    await floor.sit_down(DANA)
    call_id = await floor.ring()
    await floor.accept(DANA)
    view = await do(dana, "POST", f"/api/calls/{wire('call', call_id)}/patch", {})
    await let_it_happen(floor)
    return call_id, view


async def let_it_happen(floor: Floor) -> None:
    relay = Relay(floor.store)
    for topic, deed in subscriptions.INSIDE.items():
        relay.inside(topic, deed)
    for _ in range(5):
        await relay.once()
        await floor.settle()


async def test_a_clinician_who_presses_1_is_with_the_caller(database: Database, tmp_path: Path):
    phones = {OKAFORS_PHONE: Behaviour.ACCEPTS}
    async with (
        night(database, phones=phones, owners=subscriptions.OWNERS) as floor,
        application(database, tmp_path) as app,
        browser(app) as dana,
    ):
        call_id, _ = await asked_for(floor, dana, app)
        call = await floor.call(call_id)
        assert call.state == "patched"
        assert len(floor.together(call_id)) == 3
        card = await get(dana, f"/api/calls/{wire('call', call_id)}")
        assert (card["escalation"]["state"], card["escalation"]["held_by"]) == (
            "held", "Dr Ada Okafor",
        )  # fmt: skip
        told = await get(dana, f"/api/calls/{wire('call', call_id)}/timeline")
        words = [row["words"] for row in told["rows"]]
        assert "Dr Ada Okafor pressed the key on the telephone" in words
        assert "Dr Ada Okafor was joined to the caller" in words
        assert "Dr Ada Okafor took it: the escalation stopped" in words
        await do(dana, "POST", f"/api/calls/{wire('call', call_id)}/leave")
        await floor.settle()
        assert len(floor.together(call_id)) == 2
        floor.switch.far_hangs_up(call.leg_id.hex)
        await floor.settle()
        assert floor.together(call_id) == set()
        assert (await floor.call(call_id)).owner_id == DANA


@pytest.mark.parametrize("does", [Behaviour.VOICEMAIL, Behaviour.BUSY, Behaviour.SILENCE])
async def test_a_machine_never_gets_the_caller(does: Behaviour, database: Database, tmp_path: Path):
    async with (
        night(database, phones={OKAFORS_PHONE: does}, owners=subscriptions.OWNERS) as floor,
        application(database, tmp_path) as app,
        browser(app) as dana,
    ):
        call_id, _ = await asked_for(floor, dana, app)
        for _ in range(7):
            await floor.wait(10)
            await let_it_happen(floor)
        call = await floor.call(call_id)
        assert (call.state, call.agent_id) == ("talking", DANA)
        assert len(floor.together(call_id)) == 2
        assert CALLER not in str(await get(dana, f"/api/calls/{wire('call', call_id)}/timeline"))
