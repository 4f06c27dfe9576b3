"""People: who works here and for the practices, how they are reached, their first sign-in."""

from base64 import b64decode

from anyio import to_thread
from fastapi import APIRouter

from nightbell.access import queries as access
from nightbell.access.commands import keep_sign_in
from nightbell.access.verifier import hash_verifier, tidy_handle
from nightbell.core.ids import AccountId, PersonId, new_id, unwire, wire
from nightbell.people import commands, queries
from nightbell.people.person import Channel, ContactMethod, Kind, Membership, Part, Person
from nightbell.sealing import commands as sealing
from nightbell.sealing import queries as keys
from nightbell.sealing.commands import keep_person_key
from nightbell.store.work import Work
from nightbell.web.access import Kdf
from nightbell.web.asker import Asking, TheStore
from nightbell.web.wire import Base64, Wire, WireId

router = APIRouter(prefix="/api", tags=["people"])


class MethodEdit(Wire):
    channel: Channel
    address: str = ""
    label: str = ""
    verified: bool = False


class MemberEdit(Wire):
    account_id: WireId
    part: Part


class PersonEdit(Wire):
    name: str
    kind: Kind
    active: bool = True
    memberships: list[MemberEdit]
    contact_methods: list[MethodEdit]


class PersonView(PersonEdit):
    person_id: WireId
    handle: str | None
    age_recipient: str | None  # what a shared key is closed to, to hand it to them
    holds: list[WireId]  # shared keys handed to them: an inbox, the desk


class ShareEdit(Wire):
    key_id: WireId
    closed: Base64


class NewSignIn(Wire):
    """Made in the administrator's browser: a first passphrase, and the keys it closes."""

    handle: str
    salt: Base64
    kdf: Kdf
    verifier: Base64
    wrapped_key: Base64
    age_recipient: str
    sign_public: str


@router.get("/people")
async def people(who: Asking, store: TheStore) -> list[PersonView]:
    async with store.work(who.scope) as work:
        return await _views(work)


@router.post("/people", status_code=201)
async def new_person(body: PersonEdit, who: Asking, store: TheStore) -> PersonView:
    async with store.work(who.scope) as work:
        return await _keep(work, PersonId(new_id()), body)


@router.put("/people/{person_id}")
async def edit_person(
    person_id: WireId, body: PersonEdit, who: Asking, store: TheStore
) -> PersonView:
    async with store.work(who.scope) as work:
        found = await queries.person(work, unwire("person", person_id))
        return await _keep(work, found.person_id, body)


@router.put("/people/{person_id}/sign-in", status_code=204)
async def new_sign_in(person_id: WireId, body: NewSignIn, who: Asking, store: TheStore) -> None:
    """A first passphrase, or a new one with new keys; what was open under the old one ends."""
    verifier = await to_thread.run_sync(hash_verifier, b64decode(body.verifier))
    async with store.work(who.scope) as work:
        found = await queries.person(work, unwire("person", person_id))
        await keep_sign_in(
            work,
            found.person_id,
            tidy_handle(body.handle),
            salt=b64decode(body.salt),
            kdf=body.kdf.model_dump(),
            verifier_hash=verifier,
            wrapped_key=b64decode(body.wrapped_key),
        )
        await keep_person_key(work, found.person_id, body.age_recipient, body.sign_public)


@router.put("/people/{person_id}/shares", status_code=204)
async def give_shares(
    person_id: WireId, body: list[ShareEdit], who: Asking, store: TheStore
) -> None:
    """Hand a shared key (desk, inbox) to somebody: closed to them in a holder's browser."""
    async with store.work(who.scope) as work:
        found = await queries.person(work, unwire("person", person_id))
        for one in body:
            key_id = unwire("key", one.key_id)
            await sealing.give_shares(work, key_id, {found.person_id: b64decode(one.closed)})


async def _keep(work: Work, person_id: PersonId, body: PersonEdit) -> PersonView:
    await commands.keep(
        work,
        Person(person_id, body.name, body.kind, body.active),
        [
            Membership(AccountId(unwire("account", one.account_id)), person_id, one.part)
            for one in body.memberships
        ],
        [
            commands.Method(one.channel, one.address, one.label, one.verified)
            for one in body.contact_methods
        ],
    )
    return next(one for one in await _views(work) if one.person_id == wire("person", person_id))


async def _views(work: Work) -> list[PersonView]:
    memberships = await queries.memberships(work)
    methods = await queries.all_contact_methods(work)
    signing = await access.handles(work)
    recipients = await keys.person_recipients(work)
    held = await keys.held_shares(work)
    return [
        PersonView(
            person_id=wire("person", one.person_id),
            name=one.name,
            kind=one.kind,
            active=one.active,
            memberships=[
                MemberEdit(account_id=wire("account", each.account_id), part=each.part)
                for each in memberships
                if each.person_id == one.person_id
            ],
            contact_methods=[_method(each) for each in methods if each.person_id == one.person_id],
            handle=signing.get(one.person_id),
            age_recipient=recipients.get(one.person_id),
            holds=[wire("key", each) for each in held.get(one.person_id, ())],
        )
        for one in await queries.people(work)
    ]


def _method(one: ContactMethod) -> MethodEdit:
    return MethodEdit(
        channel=one.channel,
        address=one.address,
        label=one.label,
        verified=one.verified_at is not None,
    )
