"""What a hostile server, a curious colleague or a flipped bit can do to a message: be refused."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from nightbell.sealing.envelope import (
    Altered,
    Expected,
    Readdressed,
    Signer,
    UnknownSigner,
    Words,
    WrongForm,
    payload,
    seal,
    sign,
    unseal,
    verify,
)
from nightbell.sealing.keys import (
    NotForYou,
    b64url,
    close_mark_key,
    close_share,
    close_to,
    make_account_keys,
    make_person_keys,
    make_shared_key,
    open_mark_key,
    open_share,
)
from nightbell.sealing.mark import patient_mark
from nightbell.sealing.passphrase import Kdf, WrongKey, derive, unwrap, wrap

NINE_PM = datetime(2031, 3, 9, 21, 0, tzinfo=UTC)
DAY = timedelta(days=1)
DANA, OKAFOR, LINDT = make_person_keys(), make_person_keys(), make_person_keys()
RIVERSIDE = make_account_keys()
DANAS_KEY = Signer("key_dana", "person_dana", DANA.sign_public, NINE_PM - DAY)
WORDS = Words(
    id="message_1",
    account="account_riverside",
    call="call_1",
    sender="person_dana",
    created=NINE_PM,
    type="clinical",
    to=tuple(
        sorted(
            [OKAFOR.age_recipient, RIVERSIDE.inbox.age_recipient, RIVERSIDE.recovery.age_recipient]
        )
    ),
    body={"patient": "Luis Ruiz", "about": "ankles swell, two days"},
)
EXPECTED = Expected("message_1", "account_riverside", "call_1")
QUICK = Kdf(memory_kib=64, passes=1)  # A test of the steps, not of their cost.


def sealed(words: Words = WORDS) -> bytes:
    return seal(words, "key_dana", DANA.sign_seed, DANA.sign_public)


def signed(words: Words = WORDS) -> str:
    return sign(words, "key_dana", DANA.sign_seed, DANA.sign_public)


SEALED = sealed()


@given(st.dictionaries(st.text(), st.text() | st.lists(st.text())))
def test_everyone_it_was_sealed_for_reads_the_same_words(body: dict[str, object]):
    words = replace(WORDS, body=body)
    one = sealed(words)
    for key in (OKAFOR.age_secret, RIVERSIDE.inbox.age_secret, RIVERSIDE.recovery.age_secret):
        assert unseal(one, [key], [DANAS_KEY], EXPECTED) == words


def test_the_wrong_clinician_gets_a_sentence_and_no_words():
    with pytest.raises(NotForYou):
        unseal(sealed(), [LINDT.age_secret], [DANAS_KEY], EXPECTED)


@given(st.data())
def test_one_flipped_bit_is_refused(data: st.DataObject):
    octets = bytearray(SEALED)
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(NotForYou):
        unseal(bytes(octets), [OKAFOR.age_secret], [DANAS_KEY], EXPECTED)


@given(st.integers(0, 1500))
def test_a_truncated_message_is_refused(length: int):
    with pytest.raises(NotForYou):
        unseal(SEALED[:length], [OKAFOR.age_secret], [DANAS_KEY], EXPECTED)


def test_a_message_passed_on_to_another_clinician_is_not_hers():
    """Surreptitious forwarding: the same signed words, sealed anew for somebody else."""
    passed_on = close_to(signed().encode(), [LINDT.age_recipient])
    with pytest.raises(Readdressed):
        unseal(passed_on, [LINDT.age_secret], [DANAS_KEY], EXPECTED)


@pytest.mark.parametrize(
    "expected",
    [
        Expected("message_2", "account_riverside"),
        Expected("message_1", "account_elm"),
        Expected("message_1", "account_riverside", "call_2"),
    ],
)
def test_a_message_shown_in_anothers_place_is_refused(expected: Expected):
    with pytest.raises(Readdressed):
        unseal(sealed(), [OKAFOR.age_secret], [DANAS_KEY], expected)


def test_a_swapped_signing_key_is_caught():
    swapped = replace(DANAS_KEY, sign_public=LINDT.sign_public)
    with pytest.raises(Altered):
        verify(signed(), [swapped])


def test_a_signature_by_nobody_known_is_refused():
    with pytest.raises(UnknownSigner):
        verify(signed(), [])


def test_a_colleague_cannot_write_in_her_name():
    forged = sign(WORDS, "key_lindt", LINDT.sign_seed, LINDT.sign_public)
    lindts_key = Signer("key_lindt", "person_lindt", LINDT.sign_public, NINE_PM - DAY)
    with pytest.raises(UnknownSigner):
        verify(forged, [DANAS_KEY, lindts_key])


def test_a_key_signs_only_while_it_is_good():
    assert verify(signed(), [replace(DANAS_KEY, retired_at=NINE_PM + DAY)]) == WORDS
    with pytest.raises(UnknownSigner):
        verify(signed(), [replace(DANAS_KEY, retired_at=NINE_PM - timedelta(hours=1))])
    with pytest.raises(UnknownSigner):
        verify(signed(), [replace(DANAS_KEY, valid_from=NINE_PM + timedelta(hours=1))])


@pytest.mark.parametrize("algorithm", ["none", "HS256", "EdDSA", "ed25519"])
def test_a_weaker_or_other_algorithm_is_refused(algorithm: str):
    header = b64url(
        json.dumps({"alg": algorithm, "kid": "key_dana", "typ": "nightbell+jws"}).encode()
    )
    body = signed().split(".")[1]
    key = Ed25519PrivateKey.from_private_bytes(DANA.sign_seed)
    forged = f"{header}.{body}.{b64url(key.sign(f'{header}.{body}'.encode()))}"
    with pytest.raises(WrongForm):
        verify(forged, [DANAS_KEY])


@given(st.text(max_size=400))
def test_rubbish_is_refused_in_words(rubbish: str):
    with pytest.raises((Altered, WrongForm)):
        verify(rubbish, [DANAS_KEY])


def test_a_list_of_recipients_that_does_not_match_its_hash_is_refused():
    words = json.loads(payload(WORDS)) | {"rset": "0" * 64}
    key = Ed25519PrivateKey.from_private_bytes(DANA.sign_seed)
    head = signed().split(".")[0]
    body = b64url(json.dumps(words).encode())
    with pytest.raises(Readdressed):
        verify(f"{head}.{body}.{b64url(key.sign(f'{head}.{body}'.encode()))}", [DANAS_KEY])


@given(st.text(max_size=500), st.text(max_size=500))
def test_two_messages_of_one_bucket_have_one_length(one: str, other: str):
    lengths = {len(payload(replace(WORDS, body={"about": text}))) for text in (one, other)}
    assert all(length % 1024 == 0 and (length // 1024).bit_count() == 1 for length in lengths)
    sizes = {len(signed(replace(WORDS, body={"about": text}))) for text in (one, other)}
    assert len(sizes) == len(lengths)


def test_a_passphrase_opens_her_keys_and_another_does_not():
    derived = derive("correct horse night bell", b"s" * 16, QUICK)
    assert derived.verifier != derived.kek
    assert unwrap(wrap(OKAFOR, derived.kek), derived.kek) == OKAFOR
    with pytest.raises(WrongKey):
        unwrap(wrap(OKAFOR, derived.kek), derive("correct horse", b"s" * 16, QUICK).kek)


def test_the_same_passphrase_typed_on_another_keyboard_is_the_same():
    composed, decomposed = "caf\u00e9 at the night bell", "cafe\u0301 at the night bell"
    assert derive(composed, b"s" * 16, QUICK) == derive(decomposed, b"s" * 16, QUICK)


def test_a_shared_key_opens_only_for_whom_it_was_closed():
    desk = make_shared_key()
    closed = close_share(desk, DANA.age_recipient)
    assert open_share(closed, DANA.age_secret) == desk
    with pytest.raises(NotForYou):
        open_share(closed, OKAFOR.age_secret)
    mark = close_mark_key(RIVERSIDE.mark, desk.age_recipient)
    assert open_mark_key(mark, desk.age_secret) == RIVERSIDE.mark


def test_secret_keys_do_not_print_themselves():
    assert DANA.age_secret not in repr(DANA)
    assert RIVERSIDE.inbox.age_secret not in repr(RIVERSIDE)


BORN = date(1951, 4, 3)


def test_the_same_patient_has_the_same_mark_however_the_name_is_typed():
    marks = {
        patient_mark(RIVERSIDE.mark, name, BORN)
        for name in ("Zoë O'Brien", "zoe obrien", "ZOË  O’BRIEN", "Zoe\u0308 O'Brien")
    }
    assert len(marks) == 1


def test_the_mark_says_nothing_without_the_practices_key():
    elm = make_account_keys()
    assert patient_mark(elm.mark, "Luis Ruiz", BORN) != patient_mark(
        RIVERSIDE.mark, "Luis Ruiz", BORN
    )
    assert patient_mark(RIVERSIDE.mark, "?", BORN) is None
