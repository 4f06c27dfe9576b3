"""One night at Riverside Cardiology, as the server would tell it: cards, pages, figures."""

from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2031, 3, 10, 6, 16, 48, tzinfo=UTC)  # 2:16 am in New York
RIVERSIDE = "account_" + "1" * 32
CALL = "call_" + "2" * 32
PAGE = "page_" + "3" * 32
MESSAGE = "message_" + "4" * 32


def at(seconds: float, now: datetime | None = None) -> str:
    """An instant some seconds from now, as the wire has it."""
    return ((now or NOW) + timedelta(seconds=seconds)).isoformat()


def wire(kind: str, number: int) -> str:
    return f"{kind}_{number:032x}"


def page(
    who: str, state: str, made_s: float, *, number: int, channel: str, role: str
) -> dict[str, Any]:
    page_id = PAGE if number == 3 else wire("page", number)
    return {
        "page_id": page_id, "role": role, "who": who, "channel": channel, "state": state,
        "made_at": at(made_s), "facts": [],
    }  # fmt: skip


def escalation(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "escalation_id": wire("escalation", 1), "call_id": CALL, "message_id": MESSAGE,
        "account_id": RIVERSIDE, "account_name": "Riverside Cardiology", "tier": "T3",
        "state": "open", "held_by": "", "held_at": None, "step": 0,
        "steps": [
            {"role": "first call", "who": "Dr Okafor", "pages": 2, "wait_s": 300},
            {"role": "backup", "who": "Dr Sharma", "pages": 1, "wait_s": 600},
        ],
        "next_at": at(252), "next_what": "Dr Sharma is paged", "made_at": at(-50),
        "pages": [
            page("Dr Okafor", "delivered", -48, number=3, channel="app", role="first call"),
            page("Dr Okafor", "going", -48, number=4, channel="phone", role="first call"),
        ],
    }  # fmt: skip
    return base | changes


def page_card(**changes: Any) -> dict[str, Any]:
    """A page to me; `changes` go to the escalation unless they are the card's own."""
    own = {key: changes.pop(key) for key in ("being_taken", "mine", "page_id") if key in changes}
    return {
        "page_id": PAGE,
        "being_taken": False,
        "mine": False,
        "escalation": escalation(**changes),
    } | own


def message(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "message_id": MESSAGE, "account_id": RIVERSIDE, "account_name": "Riverside Cardiology",
        "call_id": CALL, "call_type": "breathing", "tier": "T3", "disposition": "page",
        "state": "paging", "owner": "Escalation", "owner_is_me": False, "due_at": at(252),
        "taken_at": at(-60), "taken_by": "Dana", "read_back": True, "patient_mark": None,
        "recipients": ["Dr Okafor", "Dr Sharma", "Front office", "Recovery key"],
        "escalation": None, "facts": [], "outcome": None, "closed_at": None, "sealed": None,
    }  # fmt: skip
    return base | changes


LUIS = {
    "caller": "Ana Ruiz, daughter", "patient": "Luis Ruiz", "born": "1956-04-03",
    "callback": "+12125550143", "tier": "T3",
    "about": "Ankle swelling two days, breathless when walking.",
    "answers": [
        {"ask": "Is he short of breath at rest?", "answer": "Only when walking"},
        {"ask": "Any chest pain now?", "answer": "No"},
        {"ask": "Has he gained weight this week?", "answer": "Caller can't say"},
    ],
}  # fmt: skip


def fact(kind: str, seconds: float, who: str = "") -> dict[str, Any]:
    return {"at": at(seconds), "kind": kind, "who": who, "facts": {}}
