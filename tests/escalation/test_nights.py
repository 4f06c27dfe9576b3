"""Whole nights on a real database: who was woken, who has it, what the telephone was told."""

from datetime import timedelta
from uuid import UUID

import pytest

from nightbell.core.errors import NotFound, Stale
from nightbell.core.ids import new_id, wire
from nightbell.core.tier import Tier
from nightbell.escalation import commands as escalation
from nightbell.paging import queries as pages
from nightbell.paging.page import Fact
from nightbell.store.work import SERVICE
from nightbell.telephony.port import Kind
from tests.escalation.floor import TEN_PM, Night

pytestmark = pytest.mark.anyio


async def test_the_cardiologist_slept_through_it(night: Night):
    begun = await night.begin()
    assert await night.pages(begun) == [
        ("okafor", "app", "queued"),
        ("okafor", "phone", "queued"),
    ]
    await night.line(await night.phone_page(begun, "okafor"), Kind.LEG_RINGING)
    await night.minutes_pass(5)
    ringing = await night.phone_page(begun, "sharma")
    await night.line(ringing, Kind.LEG_RINGING, Kind.LEG_ANSWERED)
    await night.line(ringing, Kind.GATE_PASSED, digit="1")
    state = await night.state(begun)
    assert (state["state"], state["held_by"]) == ("held", night.people["sharma"])
    assert night.taken[0]["person"].endswith(night.people["sharma"].hex)
    assert await night.pages(begun) == [
        ("okafor", "app", "withdrawn"),
        ("okafor", "phone", "withdrawn"),
        ("sharma", "app", "withdrawn"),
        ("sharma", "phone", "accepted"),
    ]
    assert (await night.asked(await night.phone_page(begun, "okafor")))[-1] == "hangup"
    await night.minutes_pass(60)
    assert len(await night.pages(begun)) == 4


async def test_the_holder_left_the_practice_and_is_still_on_its_rota(night: Night):
    """She could press 1 and never read it: nobody of another practice is woken."""
    await night.sql("delete from membership where person_id = %s", (night.people["okafor"],))
    begun = await night.begin()
    assert {who for who, _, _ in await night.pages(begun)} == {"sharma"}


async def test_the_backups_phone_was_a_voicemail(night: Night):
    begun = await night.begin()
    await night.minutes_pass(5)
    machine = await night.phone_page(begun, "sharma")
    await night.line(machine, Kind.LEG_RINGING, Kind.LEG_ANSWERED)
    assert (await night.state(begun))["step"] == 1
    await night.line(machine, Kind.GATE_FAILED, cause="timeout")
    state = await night.state(begun)
    assert (state["state"], state["step"]) == ("open", 2)
    assert ("", "supervisor", "queued") in await night.pages(begun)
    assert ("sharma", "phone", "failed") in await night.pages(begun)


@pytest.mark.parametrize("cause", ["busy", "no_answer", "refused", "failed", "far_hangup"])
async def test_a_line_that_cannot_be_reached_wakes_the_backup_at_once(night: Night, cause: str):
    begun = await night.begin()
    await night.line(await night.phone_page(begun, "okafor"), Kind.LEG_ENDED, cause=cause)
    assert (await night.state(begun))["step"] == 1
    assert ("sharma", "phone", "queued") in await night.pages(begun)


async def test_her_screen_shows_it_so_a_busy_line_does_not_give_her_up(night: Night):
    begun = await night.begin()
    app = (await night.all_pages(begun))[0]
    async with night.store.work(SERVICE) as work:
        await pages.note(work, app, Fact.ON_DEVICE)
    await night.line(await night.phone_page(begun, "okafor"), Kind.LEG_ENDED, cause="busy")
    assert (await night.state(begun))["step"] == 0


async def test_nobody_holds_first_call(night: Night):
    await night.sql("delete from rota where role = 'first call'")
    begun = await night.begin()
    assert (await night.state(begun))["step"] == 1
    assert await night.pages(begun) == [("sharma", "app", "queued"), ("sharma", "phone", "queued")]


async def test_nobody_verified_her_number_so_it_is_not_rung_and_not_waited_for(night: Night):
    await night.sql(
        "update contact_method set verified_at = null where person_id = %s",
        (night.people["okafor"],),
    )
    begun = await night.begin()
    assert await night.pages(begun) == [
        ("okafor", "app", "queued"),
        ("sharma", "app", "queued"),
        ("sharma", "phone", "queued"),
    ]


async def test_her_second_telephone_is_tried_before_she_is_given_up(night: Night):
    await night.sql(
        "insert into contact_method (contact_method_id, person_id, channel, address, sort,"
        " verified_at) values (gen_random_uuid(), %s, 'phone', '+12125550144', 1, floor_now())",
        (night.people["okafor"],),
    )
    begun = await night.begin()
    await night.line(await night.phone_page(begun, "okafor"), Kind.LEG_ENDED, cause="busy")
    assert (await night.state(begun))["step"] == 0
    await night.line(await night.phone_page(begun, "okafor"), Kind.LEG_ENDED, cause="no_answer")
    assert (await night.state(begun))["step"] == 1


async def test_an_empty_floor_rings_the_emergency_number_and_its_owner_takes_it(night: Night):
    begun = await night.begin()
    await night.minutes_pass(12)
    boss = await night.phone_page(begun, "boss")
    assert boss.channel == "emergency"
    await night.line(boss, Kind.LEG_RINGING, Kind.LEG_ANSWERED)
    await night.line(boss, Kind.GATE_PASSED, digit="1")
    assert (await night.state(begun))["held_by"] == night.people["boss"]


async def test_an_emergency_number_of_nobodys_cannot_take_it(night: Night):
    await night.sql("update service set emergency_numbers = '{+12125550198}'")
    begun = await night.begin()
    await night.minutes_pass(12)
    unknown = (await night.all_pages(begun))[-1]
    assert (unknown.channel, unknown.person_id) == ("emergency", None)
    await night.line(unknown, Kind.LEG_ANSWERED)
    await night.line(unknown, Kind.GATE_PASSED, digit="1")
    await night.line(unknown, Kind.PLAY_FINISHED, prompts=["say:emergency_number"])
    assert (await night.state(begun))["state"] == "open"
    assert await night.asked(unknown) == ["originate", "gate", "play", "hangup"]


async def test_a_rota_in_a_zone_nobody_knows_is_passed_over_like_an_empty_role(night: Night):
    await night.sql("update rota set time_zone = 'Mars/Olympus' where role = 'first call'")
    begun = await night.begin()
    assert await night.pages(begun) == [("sharma", "app", "queued"), ("sharma", "phone", "queued")]


async def test_an_unknown_number_goes_to_the_supervisor_at_once(night: Night):
    call_id = await night.call("T2", account=False)
    async with night.store.work(SERVICE) as work:
        begun = await escalation.begin(work, call_id, Tier.T2, work.at)
    await night.settle()
    assert await night.pages(begun) == [("", "supervisor", "queued")]


async def test_a_policy_from_another_age_goes_to_the_supervisor_at_once(night: Night):
    begun = await night.begin()
    await night.sql("update escalation set policy = jsonb_build_object('schema', 99)")
    await night.minutes_pass(5)
    assert ("", "supervisor", "queued") in await night.pages(begun)
    assert (await night.state(begun))["state"] == "open"


async def test_no_means_the_backup_is_woken_now(night: Night):
    begun = await night.begin()
    app = (await night.all_pages(begun))[0]
    async with night.store.work(SERVICE) as work:
        await escalation.decline(work, app.page_id, by=night.people["okafor"], reason="busy")
    await night.settle()
    assert await night.pages(begun) == [
        ("okafor", "app", "declined"),
        ("okafor", "phone", "declined"),
        ("sharma", "app", "queued"),
        ("sharma", "phone", "queued"),
    ]
    assert (await night.asked(await night.phone_page(begun, "okafor")))[-1] == "hangup"


async def test_the_second_doctor_to_press_is_told_who_was_first(night: Night):
    begun = await night.begin()
    await night.minutes_pass(5)
    first, _, second, _ = await night.all_pages(begun)
    async with night.store.work(SERVICE) as work:
        await escalation.accept(work, first.page_id, by=night.people["okafor"], how="app")
    with pytest.raises(Stale) as stale:
        async with night.store.work(SERVICE) as work:
            await escalation.accept(work, second.page_id, by=night.people["sharma"], how="app")
    assert str(stale.value.facts["held_by"]).endswith(night.people["okafor"].hex)
    async with night.store.work(SERVICE) as work:  # Pressed twice: still hers.
        await escalation.accept(work, first.page_id, by=night.people["okafor"], how="app")


async def test_a_page_is_accepted_by_whom_it_was_sent_to_and_nobody_else(night: Night):
    begun = await night.begin()
    app = (await night.all_pages(begun))[0]
    with pytest.raises(NotFound):
        async with night.store.work(SERVICE) as work:
            await escalation.accept(work, app.page_id, by=night.people["sharma"], how="app")


async def test_a_late_key_press_is_told_and_changes_nothing(night: Night):
    begun = await night.begin()
    late = await night.phone_page(begun, "okafor")
    await night.line(late, Kind.LEG_ANSWERED)
    async with night.store.work(SERVICE) as work:
        await escalation.take_it(work, begun, by=night.people["boss"], how="supervisor")
    await night.line(late, Kind.GATE_PASSED, digit="1")
    assert (await night.state(begun))["held_by"] == night.people["boss"]
    assert (await night.asked(late))[-1] == "play"
    await night.line(late, Kind.PLAY_FINISHED, prompts=["say:taken"])
    assert (await night.asked(late))[-1] == "hangup"


async def test_begun_twice_is_begun_once_and_a_rise_pages_again(night: Night):
    call_id = await night.call("T3")
    async with night.store.work(SERVICE) as work:
        begun = await escalation.begin(work, call_id, Tier.T3, work.at)
        assert await escalation.begin(work, call_id, Tier.T3, work.at) == begun
    await night.settle()
    await night.line(await night.phone_page(begun, "okafor"), Kind.LEG_RINGING)
    night.clock.forward(timedelta(seconds=30))
    async with night.store.work(SERVICE) as work:
        await escalation.begin(work, call_id, Tier.T1, work.at)
    await night.settle()
    # Her telephone rings already: it is not rung a second time, and answers for the new page.
    assert await night.pages(begun) == [
        ("okafor", "app", "queued"),
        ("okafor", "phone", "going"),
        ("okafor", "app", "queued"),
    ]
    state = await night.state(begun)
    assert (state["tier"], state["due_at"]) == ("T1", TEN_PM + timedelta(seconds=330))
    await night.line(await night.phone_page(begun, "okafor"), Kind.LEG_ENDED, cause="no_answer")
    assert (await night.state(begun))["step"] == 1


async def test_accepted_while_it_was_being_taken_the_message_finds_its_owner(night: Night):
    call_id = await night.call("T2")
    async with night.store.work(SERVICE) as work:
        begun = await escalation.begin(work, call_id, Tier.T2, work.at)
        await escalation.take_it(work, begun, by=night.people["okafor"], how="app")
    await night.settle()
    message_id = await _message(night, call_id)
    async with night.store.work(SERVICE) as work:
        await escalation.attach(work, call_id, message_id)
    await night.settle()
    assert [one["message"] is not None for one in night.taken] == [False, True]


async def test_a_long_call_that_left_two_messages_has_one_owner_for_both(night: Night):
    call_id = await night.call("T2")
    first, second = [await _message(night, call_id, kind) for kind in ("urgent", "medication")]
    async with night.store.work(SERVICE) as work:
        begun = await escalation.begin(work, call_id, Tier.T2, work.at)
        await escalation.attach(work, call_id, first)
        await escalation.attach(work, call_id, second)
        await escalation.take_it(work, begun, by=night.people["okafor"], how="app")
    await night.settle()
    told = {one["message"] for one in night.taken if one["message"]}
    assert told == {wire("message", first), wire("message", second)}


async def test_the_waiting_caller_is_joined_to_the_doctor_who_pressed_one(night: Night):
    call_id = await night.call("T2")
    async with night.store.work(SERVICE) as work:
        begun = await escalation.begin(work, call_id, Tier.T2, work.at)
    await night.settle()
    await night.line(await night.phone_page(begun, "okafor"), Kind.LEG_RINGING)
    async with night.store.work(SERVICE) as work:
        assert await escalation.begin_patch(work, call_id) == begun
    patch = await night.phone_page(begun, "okafor")
    assert patch.channel == "patch"
    await night.line(patch, Kind.LEG_ANSWERED)
    await night.line(patch, Kind.GATE_PASSED, digit="1")
    assert await night.asked(patch) == ["originate", "gate", "join"]
    assert (await night.state(begun))["held_by"] == night.people["okafor"]
    async with night.store.work(SERVICE) as work:
        state = await work.value("select state from call where call_id = %s", (call_id,))
    assert state == "patched"


async def test_an_order_carried_out_twice_makes_its_page_once(night: Night):
    begun = await night.begin()
    await night.sql("update outbox set done_at = null")
    await night.settle()
    assert len(await night.pages(begun)) == 2
    await night.minutes_pass(1)


async def _message(night: Night, call_id: UUID, kind: str = "urgent") -> UUID:
    message_id = new_id()
    await night.sql(
        "insert into message (message_id, account_id, call_id, call_type, tier, disposition,"
        " sealed, sealed_sha256, rset, taken_by, taken_at, state, owner_kind, due_at)"
        " values (%s, %s, %s, %s, 'T2', 'page', '', '', '', %s, floor_now(), 'paging',"
        " 'escalation', floor_now())",
        (message_id, night.account, call_id, kind, night.people["boss"]),
    )
    return message_id
