"""The service itself: its name, its number, and whom to ring when nobody takes a message."""

from fastapi import APIRouter

from nightbell.accounts import answering_service, demonstration
from nightbell.core.ids import wire
from nightbell.core.phone import grouped
from nightbell.sealing import queries as keys
from nightbell.store.work import NOBODY, Work
from nightbell.web.asker import Asking, TheStore
from nightbell.web.wire import Wire, WireId

router = APIRouter(prefix="/api", tags=["service"])


class ServiceEdit(Wire):
    name: str
    answer_phrase: str
    caller_id: str
    emergency_numbers: list[str]
    supervisor_untaken_s: int


class DemoSignIn(Wire):
    kind: str
    handle: str
    name: str
    passphrase: str


class Welcome(Wire):
    """What a stranger may know: whose service this is; a demonstration also shows its keys."""

    service_name: str
    is_demo: bool
    demo_sign_ins: list[DemoSignIn]


@router.get("/welcome")
async def welcome(store: TheStore) -> Welcome:
    """Before signing in."""
    async with store.work(NOBODY) as work:
        one = await answering_service.service(work)
    people = demonstration.PEOPLE if one.is_demo else ()
    return Welcome(
        service_name=one.name,
        is_demo=one.is_demo,
        demo_sign_ins=[
            DemoSignIn(
                kind=who.kind, handle=who.handle, name=who.name, passphrase=demonstration.PASSPHRASE
            )
            for who in people
        ],
    )


class DeskKey(Wire):
    """The desk's public key: what a practice's mark key is closed to."""

    key_id: WireId | None  # null: the service has no desk key yet
    age_recipient: str


@router.get("/service/desk-key")
async def desk_key(who: Asking, store: TheStore) -> DeskKey:
    async with store.work(who.scope) as work:
        found = await keys.current_key(work, "desk")
    if found is None:
        return DeskKey(key_id=None, age_recipient="")
    return DeskKey(key_id=wire("key", found.key_id), age_recipient=found.age_recipient)


class ServiceView(ServiceEdit):
    gaps: list[str]  # what would go wrong tonight, in sentences


@router.get("/service")
async def service(who: Asking, store: TheStore) -> ServiceView:
    async with store.work(who.scope) as work:
        return await _view(work)


@router.put("/service")
async def edit_service(body: ServiceEdit, who: Asking, store: TheStore) -> ServiceView:
    async with store.work(who.scope) as work:
        await answering_service.keep(
            work,
            answering_service.Service(
                name=body.name,
                answer_phrase=body.answer_phrase,
                caller_id=body.caller_id,
                emergency_numbers=body.emergency_numbers,
                supervisor_untaken_s=body.supervisor_untaken_s,
                is_demo=(await answering_service.service(work)).is_demo,
            ),
        )
        return await _view(work)


async def _view(work: Work) -> ServiceView:
    one = await answering_service.service(work)
    return ServiceView(
        name=one.name,
        answer_phrase=one.answer_phrase,
        caller_id=one.caller_id,
        emergency_numbers=list(one.emergency_numbers),
        supervisor_untaken_s=one.supervisor_untaken_s,
        gaps=[
            f"{grouped(number)} is nobody's verified telephone: whoever answers there cannot take"
            " a message. Give it to one of the service's people, under People."
            for number in await answering_service.numbers_of_nobody(work)
        ],
    )
