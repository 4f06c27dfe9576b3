"""`nightbell administrator`: the first person of a real service, who then makes everybody else.

It asks in the terminal, once: the service's name and numbers, the administrator's name, telephone,
sign-in and passphrase. The desk's key is made too and closed to the administrator, who hands it to
agents and supervisors from the screens.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from getpass import getpass

from nightbell.accounts import answering_service
from nightbell.core.errors import Refused
from nightbell.core.ids import PersonId, new_id
from nightbell.core.phone import e164
from nightbell.people import commands as people
from nightbell.people.person import Person
from nightbell.run.founding import Enrolment, enrol, give_sign_in, make_desk
from nightbell.run.settings import Settings
from nightbell.store.work import SERVICE, Store, Work

PASSPHRASE_MIN = 12


class AlreadyFounded(Refused):
    """This service has its people already. Sign in as an administrator, and add others there."""


class PassphraseRefused(Refused):
    """Choose a passphrase of at least 12 characters, and type it the same way twice."""


@dataclass(frozen=True, slots=True)
class Answers:
    service: str
    service_number: str  # shown when the service itself rings somebody
    name: str
    telephone: str  # the administrator's, and the first emergency number
    handle: str


def main(settings: Settings) -> int:
    answers = ask(input)
    first, again = getpass("Passphrase: "), getpass("The same again: ")
    if first != again or len(first) < PASSPHRASE_MIN:
        raise PassphraseRefused
    asyncio.run(found(settings.database("web"), answers, enrol(first)))
    print(f"{answers.name} signs in as {answers.handle} and adds practices and people there.")
    return 0


def ask(asking: Callable[[str], str]) -> Answers:
    """The questions, in order; a number that is none is refused before anything is kept."""
    return Answers(
        service=asking("Name of the answering service: ").strip(),
        service_number=e164(asking("Number it shows when it rings somebody: ")),
        name=asking("Your name, as shown: ").strip(),
        telephone=e164(asking("Your telephone, rung when nobody takes a message: ")),
        handle=asking("Name to sign in with: ").strip(),
    )


async def found(url: str, answers: Answers, enrolment: Enrolment) -> None:
    """Keep the service, its administrator and the desk's key together, or nothing."""
    store = await Store(url, connections=2).open()
    try:
        async with store.work(SERVICE) as work:
            if await work.value("select count(*) from person"):
                raise AlreadyFounded
            await _keep(work, answers, enrolment)
    finally:
        await store.close()


async def _keep(work: Work, answers: Answers, enrolment: Enrolment) -> None:
    await answering_service.keep(
        work,
        answering_service.Service(
            name=answers.service,
            answer_phrase="Doctors' answering service, this is {agent}. Which office did you want?",
            caller_id=answers.service_number,
            emergency_numbers=[answers.telephone],
            supervisor_untaken_s=60,
            is_demo=False,
        ),
    )
    person_id = await people.keep(
        work,
        Person(PersonId(new_id()), answers.name, "administrator", True),
        [],
        [people.Method("phone", answers.telephone, "mobile", verified=True)],
    )
    await give_sign_in(work, person_id, answers.handle, enrolment)
    await make_desk(work, {person_id: enrolment.keys})
