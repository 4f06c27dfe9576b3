"""The demonstration service, as data: two practices, their people, hours, words and orders.

Every number is a 555-01xx number, which is never assigned. Nobody here is real.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Literal

from nightbell.accounts.account import FactKind, SaidWhen

# Shown to every visitor of a demonstration, and used nowhere else.
PASSPHRASE = "correct horse night bell"  # noqa: S105  # noqa: S105 - shown to every visitor of a demonstration
WEEK = range(5)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    handle: str
    name: str
    kind: Literal["agent", "supervisor", "administrator", "clinician", "office"]
    phone: str = ""
    parts: tuple[tuple[str, Literal["clinician", "office"]], ...] = ()  # (account, part)


@dataclass(frozen=True, slots=True)
class DemoStep:
    role: str
    pages: int
    wait_s: int


@dataclass(frozen=True, slots=True)
class DemoRota:
    role: str
    every: str
    handoff_at: time
    people: tuple[str, ...]  # handles, in turn


@dataclass(frozen=True, slots=True)
class DemoAccount:
    key: str
    name: str
    specialty: str
    time_zone: str
    number: str
    hours: tuple[tuple[int, time, time], ...]
    greetings: tuple[tuple[SaidWhen, str, str], ...]
    facts: tuple[tuple[FactKind, str, str], ...]
    standing_orders: tuple[tuple[str, str], ...]
    rotas: tuple[DemoRota, ...]
    policies: Mapping[str, tuple[DemoStep, ...]]


SERVICE_NAME = "Nightbell Demonstration Service"
SERVICE_NUMBER = "+12125550100"
EMERGENCY_NUMBERS = ("+12125550190", "+12125550191")

PEOPLE = (
    DemoPerson("dana@demo", "Dana Reyes", "agent"),
    DemoPerson("sam@demo", "Sam Whitfield", "supervisor", "+12125550190"),
    DemoPerson("root@demo", "Robin Ashe", "administrator", "+12125550191"),
    DemoPerson(
        "okafor@demo", "Dr Ada Okafor", "clinician", "+12125550150", (("riverside", "clinician"),)
    ),
    DemoPerson(
        "sharma@demo",
        "Dr Nikhil Sharma",
        "clinician",
        "+12125550151",
        (("riverside", "clinician"), ("elm", "clinician")),
    ),
    DemoPerson(
        "lindt@demo", "Dr Maria Lindt", "clinician", "+13125550170", (("elm", "clinician"),)
    ),
    DemoPerson(
        "olive@demo", "Olive Brandt", "office", "", (("riverside", "office"), ("elm", "office"))
    ),
)

FALLBACK = (
    "The clinician on call has not been reached yet. If anything gets worse, hang up and dial 911"
    " or go to the nearest emergency department. We will keep trying and ring you back."
)

ACCOUNTS = (
    DemoAccount(
        key="riverside",
        name="Riverside Cardiology",
        specialty="cardiology",
        time_zone="America/New_York",
        number="+12125550142",
        hours=tuple((day, time(8), time(17)) for day in WEEK),
        greetings=(
            (
                "after_hours",
                "riverside_after_hours",
                "You have reached Riverside Cardiology. The office is closed. Please hold, and a"
                " person will be with you in a moment. If this is a life-threatening emergency,"
                " you may hang up and dial 911.",
            ),
            (
                "open",
                "riverside_open",
                "You have reached Riverside Cardiology. Please hold, and a person will be with"
                " you in a moment.",
            ),
        ),
        facts=(
            (
                "directions",
                "Finding us",
                "We are at 18 Harbor Street, on the second floor, above the pharmacy. The"
                " elevator is to the left of the door. The 4 bus stops outside.",
            ),
            ("parking", "Parking", "Park in the garage on Mill Lane. Bring the ticket with you."),
            ("hours", "Office hours", "The office is open Monday to Friday, 8 to 5."),
            ("fax", "Fax number", "The fax number is 212 555 0149."),
            (
                "preparation",
                "Stress test",
                "Eat nothing for four hours before the test. Wear walking shoes. Ask the office"
                " about your medicines the day before; do not stop any on your own.",
            ),
            (
                "pharmacy",
                "Refills",
                "Refills are sent on the next office day. Please have your pharmacy's name ready.",
            ),
        ),
        standing_orders=(
            ("Short of breath at rest", "Patch first call at once. Do not hold for the office."),
            (
                "Refills",
                "Hold for the office. If the patient has run out of a blood thinner, page.",
            ),
            ("Hospital or lab calling", "Page first call with the caller's direct number."),
        ),
        rotas=(
            DemoRota("first call", "week", time(7), ("okafor@demo", "sharma@demo")),
            DemoRota("backup", "week", time(7), ("sharma@demo", "okafor@demo")),
        ),
        policies={
            "T1": (DemoStep("first call", 2, 60), DemoStep("backup", 2, 60)),
            "T2": (DemoStep("first call", 2, 120), DemoStep("backup", 2, 120)),
            "T3": (DemoStep("first call", 2, 300), DemoStep("backup", 2, 300)),
        },
    ),
    DemoAccount(
        key="elm",
        name="Elm Pediatrics",
        specialty="pediatrics",
        time_zone="America/Chicago",
        number="+13125550160",
        hours=(
            *((day, time(8, 30), time(17, 30)) for day in WEEK),
            (5, time(9), time(12)),
        ),
        greetings=(
            (
                "after_hours",
                "elm_after_hours",
                "You have reached Elm Pediatrics. The office is closed. Please hold, and a person"
                " will be with you in a moment. If your child is in danger now, you may hang up"
                " and dial 911.",
            ),
            (
                "open",
                "elm_open",
                "You have reached Elm Pediatrics. Please hold, and a person will be with you in a"
                " moment.",
            ),
        ),
        facts=(
            (
                "directions",
                "Finding us",
                "We are at 240 Elm Avenue, the yellow house at the corner of Fifth. There is a"
                " ramp at the side door.",
            ),
            (
                "hours",
                "Office hours",
                "Monday to Friday, 8:30 to 5:30, and Saturday morning from 9 to noon.",
            ),
            ("parking", "Parking", "There is parking behind the house. The first row is for us."),
            (
                "preparation",
                "Well-child visit",
                "Bring the vaccination card and anything your child takes now.",
            ),
        ),
        standing_orders=(
            ("Fever under three months", "Patch first call, however well the baby seems."),
            ("School and camp forms", "Hold for the office."),
        ),
        rotas=(
            DemoRota("first call", "day", time(8), ("lindt@demo", "sharma@demo")),
            DemoRota("backup", "day", time(8), ("sharma@demo", "lindt@demo")),
        ),
        policies={
            "T1": (DemoStep("first call", 2, 60), DemoStep("backup", 2, 60)),
            "T2": (DemoStep("first call", 2, 120), DemoStep("backup", 2, 120)),
            "T3": (DemoStep("first call", 2, 300), DemoStep("backup", 1, 600)),
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A patient who rings: which number, from where, with which recorded voice."""

    name: str
    did: str
    cli: str
    says: str
    words: str


SCENARIOS = {
    one.name: one
    for one in (
        Scenario(
            "chest_pain",
            "+12125550142",
            "+12125550143",
            "patient_chest_pain",
            "A daughter rings the cardiologist: her father has pressure in his chest.",
        ),
        Scenario(
            "infant_fever",
            "+13125550160",
            "+13125550144",
            "patient_infant_fever",
            "A mother rings the pediatrician: her two-week-old has a fever.",
        ),
        Scenario(
            "refill",
            "+12125550142",
            "+12125550145",
            "patient_refill",
            "A patient wants a refill; it is held for the office.",
        ),
        Scenario(
            "unknown_number",
            "+12125550199",
            "+12125550146",
            "patient_refill",
            "A number that no practice claims: answered all the same.",
        ),
    )
}

TELEPHONES = {
    **{one.phone: one.name for one in PEOPLE if one.phone},
    EMERGENCY_NUMBERS[0]: "Service manager at home",
    EMERGENCY_NUMBERS[1]: "Service owner",
    "+12125550143": "Ana, the patient's daughter",
}
