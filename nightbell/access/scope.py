"""Who may do what: one table of resource, action and kind of person. What is not here is refused.

A resource is a room's door on the wire (`web/<resource>.py`), an action one of its functions. The
table says which *kinds* may act; whose rows they touch is the database's row-level security, and
whether this very page or call is theirs is the room's own rule.
"""

from collections.abc import Mapping
from types import MappingProxyType

from nightbell.core.errors import NotAllowed

AGENT, SUPERVISOR, ADMINISTRATOR = "agent", "supervisor", "administrator"
CLINICIAN, OFFICE = "clinician", "office"
KINDS = (AGENT, SUPERVISOR, ADMINISTRATOR, CLINICIAN, OFFICE)

EVERYONE = frozenset(KINDS)
FLOOR = frozenset({AGENT, SUPERVISOR})
PRACTICE = frozenset({CLINICIAN, OFFICE})
WITH_PATIENTS = FLOOR | PRACTICE
RUNNERS = frozenset({SUPERVISOR, ADMINISTRATOR})
OWNERS = frozenset({ADMINISTRATOR})

TABLE: Mapping[tuple[str, str], frozenset[str]] = MappingProxyType(
    {
        ("access", "sign_out"): EVERYONE,
        ("access", "me"): EVERYONE,
        ("access", "change_passphrase"): EVERYONE,
        ("sealing", "recipients"): WITH_PATIENTS,
        ("sealing", "mine"): EVERYONE,
        ("sealing", "signers"): EVERYONE,
        ("acd", "desk"): FLOOR,
        ("acd", "wish"): FLOOR,
        ("acd", "audio"): FLOOR,
        ("acd", "accept"): FLOOR,
        ("acd", "refuse"): FLOOR,
        ("triage", "library"): EVERYONE,
        ("triage", "run"): FLOOR,
        ("calls", "open_calls"): FLOOR,
        ("calls", "call"): WITH_PATIENTS,
        ("calls", "hold"): FLOOR,
        ("calls", "resume"): FLOOR,
        ("calls", "hang_up"): FLOOR,
        ("calls", "leave"): FLOOR,
        ("calls", "patch"): FLOOR,
        ("calls", "ring_back"): FLOOR,
        ("calls", "take"): FLOOR,
        ("calls", "callback"): FLOOR,
        ("calls", "disposition"): FLOOR,
        ("calls", "draft"): FLOOR,
        ("calls", "keep_draft"): FLOOR,
        ("calls", "timeline"): EVERYONE,
        ("messages", "file"): FLOOR,
        ("messages", "messages"): WITH_PATIENTS,
        ("messages", "message"): WITH_PATIENTS,
        ("messages", "read"): WITH_PATIENTS,
        ("messages", "take"): PRACTICE | {SUPERVISOR},
        ("messages", "close"): PRACTICE | {SUPERVISOR},
        ("messages", "call_back"): PRACTICE,
        ("paging", "my_pages"): WITH_PATIENTS,
        ("paging", "accept"): WITH_PATIENTS,
        ("paging", "decline"): WITH_PATIENTS,
        ("paging", "on_device"): WITH_PATIENTS,
        ("paging", "open_escalations"): WITH_PATIENTS,
        ("paging", "accept_escalation"): frozenset({SUPERVISOR}),
        ("paging", "push_key"): EVERYONE,
        ("paging", "subscribe"): EVERYONE,
        ("paging", "my_contact_methods"): EVERYONE,
        ("paging", "my_shifts"): EVERYONE,
        ("reports", "last_night"): PRACTICE | RUNNERS,
        ("reports", "floor"): FLOOR | OWNERS,
        ("news", "news"): EVERYONE,
        ("service", "service"): RUNNERS,
        ("service", "edit_service"): OWNERS,
        ("service", "desk_key"): RUNNERS,
        ("accounts", "accounts"): EVERYONE,
        ("accounts", "new_account"): OWNERS,
        ("accounts", "account"): EVERYONE,
        ("accounts", "edit_account"): OWNERS,
        ("accounts", "account_keys"): OWNERS,
        ("oncall", "on_call"): EVERYONE,
        ("oncall", "edit_on_call"): RUNNERS | {OFFICE},
        ("oncall", "override"): RUNNERS | {OFFICE},
        ("oncall", "drop_override"): RUNNERS | {OFFICE},
        ("people", "people"): RUNNERS,
        ("people", "new_person"): OWNERS,
        ("people", "edit_person"): OWNERS,
        ("people", "new_sign_in"): OWNERS,
        ("people", "give_shares"): RUNNERS,
        ("accounts", "keep_prompt"): RUNNERS,
    }
)

# Doors that open without a sign-in, each with its reason.
UNSIGNED: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("access", "begin"): "gives a salt, the same kind for a name that nobody has",
        ("access", "sign_in"): "is the sign-in",
        ("paging", "accept_by_token"): "carries a page's own one-use token",
        ("demo", "now"): "exists on a demonstration service only",
        ("demo", "place"): "exists on a demonstration service only",
        ("demo", "phones"): "exists on a demonstration service only",
        ("demo", "kill"): "exists on a demonstration service only",
        ("service", "welcome"): "names the service before anybody signs in",
        ("app", "healthz"): "says only which parts are up",
    }
)


def may(kind: str, resource: str, action: str) -> bool:
    """Whether this kind of person may do this at all."""
    return kind in TABLE.get((resource, action), frozenset())


def require(kind: str, resource: str, action: str) -> None:
    if not may(kind, resource, action):
        raise NotAllowed(resource=resource, action=action)


def printed() -> str:
    """The whole table as a page to read: kept in docs/who-may-do-what.md, checked by a test."""
    lines = [
        "# Who may do what",
        "",
        "Printed from `nightbell/access/scope.py`. A dot means yes. What is not listed is refused",
        "to everyone. Whose rows a person touches is decided below this table, by the database's",
        "row-level security: a clinician or office person sees only the practices they belong to.",
        "",
        "| resource | action | " + " | ".join(KINDS) + " |",
        "|---|---|" + "---|" * len(KINDS),
    ]
    for (resource, action), kinds in TABLE.items():
        marks = " | ".join("●" if kind in kinds else " " for kind in KINDS)
        lines.append(f"| {resource} | {action} | {marks} |")
    lines += ["", "## Without a sign-in", "", "| resource | action | because it |", "|---|---|---|"]
    lines += [f"| {room} | {act} | {why} |" for (room, act), why in UNSIGNED.items()]
    return "\n".join(lines) + "\n"
