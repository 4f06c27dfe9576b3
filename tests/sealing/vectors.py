"""Makes the vectors that the browser's code must open: `python -m tests.sealing.vectors`."""

import base64
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from nightbell.sealing import envelope, keys, mark, passphrase

FOLDER = Path(__file__).parent / "vectors"
CREATED = datetime(2031, 3, 9, 21, 0, tzinfo=UTC)
BODY = {
    "caller": "Ana Ruiz",
    "patient": "Luis Ruiz",
    "born": "1951-04-03",
    "callback": "+12125550143",
    "about": "ankles swell, two days — «hinchados»",
    "answers": [{"ask": "Is he short of breath at rest?", "answer": "Only when walking"}],
    "tier": "T3",
}


def text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def made() -> dict[str, Any]:
    dana, okafor = keys.make_person_keys(), keys.make_person_keys()
    practice, desk = keys.make_account_keys(), keys.make_shared_key()
    salt = passphrase.fresh_salt()
    words = "correct horse night bell — caf\u00e9"
    derived = passphrase.derive(words, salt)
    to = sorted(
        [okafor.age_recipient, practice.inbox.age_recipient, practice.recovery.age_recipient]
    )
    sealed = envelope.seal(
        envelope.Words(
            id="message_018f0000000070008000000000000001",
            account="account_018f0000000070008000000000000002",
            call="call_018f0000000070008000000000000003",
            sender="person_018f0000000070008000000000000004",
            created=CREATED,
            type="clinical",
            to=tuple(to),
            body=BODY,
        ),
        "key_018f0000000070008000000000000005",
        dana.sign_seed,
        dana.sign_public,
    )
    return {
        "made_by": "nightbell/sealing (pyrage, joserfc, argon2-cffi)",
        "passphrase": words,
        "salt": text(salt),
        "kdf": passphrase.STANDARD.wire(),
        "verifier": text(derived.verifier),
        "wrapped_key": text(passphrase.wrap(okafor, derived.kek)),
        "reader": {
            "age": okafor.age_secret,
            "sign": okafor.sign_seed_text,
            "recipient": okafor.age_recipient,
            "sign_public": okafor.sign_public,
        },
        "inbox": practice.inbox.age_secret,
        "recovery": practice.recovery.age_secret,
        "desk": desk.age_secret,
        "share": text(keys.close_share(desk, okafor.age_recipient)),
        "mark_key": text(practice.mark),
        "mark_closed": text(keys.close_mark_key(practice.mark, desk.age_recipient)),
        "mark_name": "Zoë O'Brien",
        "mark_born": "1951-04-03",
        "mark": mark.patient_mark(practice.mark, "Zoë O'Brien", date(1951, 4, 3)),
        "signer": {
            "key_id": "key_018f0000000070008000000000000005",
            "person_id": "person_018f0000000070008000000000000004",
            "sign_public": dana.sign_public,
            "valid_from": "2031-03-01T00:00:00+00:00",
            "retired_at": None,
        },
        "expected": {
            "id": "message_018f0000000070008000000000000001",
            "account": "account_018f0000000070008000000000000002",
            "call": "call_018f0000000070008000000000000003",
        },
        "to": to,
        "rset": envelope.rset(to),
        "body": BODY,
        "sealed": text(sealed),
    }


if __name__ == "__main__":
    (FOLDER / "from-python.json").write_text(
        json.dumps(made(), indent=1, ensure_ascii=False) + "\n"
    )
