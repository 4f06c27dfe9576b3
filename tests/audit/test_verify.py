"""Somebody with the database's password changes the log. Every way is found, and named."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from nightbell.audit.checkpoint import (
    PUBLIC,
    KeyRefused,
    Signer,
    from_json,
    is_signed,
    key_id,
    latest,
    read_keys,
    to_json,
)
from nightbell.audit.leaf import Leaf, canonical, from_canonical, leaf_hash, settled
from nightbell.audit.tree import grow, root
from nightbell.audit.verify import Evidence, Row, verify
from nightbell.core.ids import wire

NINE_PM = datetime(2031, 3, 9, 21, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEYS = {key_id(KEY.public_key().public_bytes_raw()): KEY.public_key()}
SIGNER = Signer(KEY, Path("/nowhere"))
batches = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def row(position: int | None, number: int | None = None, act: str = "call.answered") -> Row:
    number = position if number is None else number
    assert number is not None
    leaf = Leaf(UUID(int=number), NINE_PM, "service", act, f"call_{number}", None, {"n": number})
    return Row(leaf.leaf_id, leaf_hash(leaf), leaf_hash(leaf), position)


def name(number: int) -> str:
    return f"leaf {wire('leaf', UUID(int=number))}"


def log(sizes: Sequence[int]) -> Evidence:
    """A log that grew by these many leaves at a time, a checkpoint after each."""
    rows = [row(position) for position in range(sum(sizes))]
    nodes = grow(0, {}, [one.hash for one in rows])
    signed = []
    size = 0
    for more in sizes:
        before, size = size, size + more
        signed.append(SIGNER.sign(size, root(size, nodes), NINE_PM, before))
    return Evidence(rows, nodes, signed, signed[-1])


def faults(evidence: Evidence) -> str:
    return "\n".join(verify(evidence, KEYS).faults)


def swapped(rows: Sequence[Row], one: int, other: int) -> list[Row]:
    places = {one: other, other: one}
    return [replace(r, position=places.get(r.position or 0, r.position)) for r in rows]


@given(batches)
def test_a_log_that_nobody_touched_is_intact(sizes: list[int]):
    report = verify(log(sizes), KEYS)
    assert report.faults == ()
    assert report.leaves == sum(sizes)
    assert report.checkpoint is not None
    assert report.checkpoint.tree_size == sum(sizes)


def test_a_log_with_nothing_in_it_is_intact():
    report = verify(Evidence([], {}, []), KEYS)
    assert (report.leaves, report.checkpoint, report.faults) == (0, None, ())


def test_a_leaf_that_waits_for_its_place_is_counted_and_not_a_fault():
    whole = log([3])
    report = verify(replace(whole, rows=[*whole.rows, row(None, 77)]), KEYS)
    assert (report.waiting, report.faults) == (1, ())


@given(batches, st.data(), st.booleans())
def test_an_altered_row_is_named_even_when_its_hash_was_altered_to_fit(
    sizes: list[int], data: st.DataObject, hash_too: bool
):
    whole = log(sizes)
    place = data.draw(st.integers(0, sum(sizes) - 1))
    rows = list(whole.rows)
    forged = row(place, act="call.refused")
    rows[place] = forged if hash_too else replace(forged, said_hash=rows[place].hash)
    told = faults(replace(whole, rows=rows))
    assert f"{name(place)} at position {place} was altered" in told


@given(batches, st.data())
def test_an_altered_row_hash_and_node_together_are_named_against_the_root(
    sizes: list[int], data: st.DataObject
):
    whole = log(sizes)
    place = data.draw(st.integers(0, sum(sizes) - 1))
    rows = list(whole.rows)
    rows[place] = row(place, act="call.refused")
    # A thorough forger makes the whole tree again, and lacks only the key.
    nodes = grow(0, {}, [one.hash for one in rows])
    told = verify(replace(whole, rows=rows, nodes=nodes), KEYS).faults
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    span = next((begin, end) for begin, end in zip([0, *ends], ends, strict=False) if place < end)
    expected = f"the leaves from position {span[0]} to {span[1] - 1} do not make the root"
    assert expected in told[0]


@given(batches, st.data())
def test_a_removed_row_is_named(sizes: list[int], data: st.DataObject):
    whole = log(sizes)
    place = data.draw(st.integers(0, sum(sizes) - 1))
    rows = [one for one in whole.rows if one.position != place]
    assert f"the leaf at position {place} was removed" in faults(replace(whole, rows=rows))


@given(batches.filter(lambda sizes: sum(sizes) > 1), st.data())
def test_two_rows_in_each_others_place_are_named(sizes: list[int], data: st.DataObject):
    whole = log(sizes)
    one, other = data.draw(
        st.lists(st.integers(0, sum(sizes) - 1), min_size=2, max_size=2, unique=True)
    )
    told = faults(replace(whole, rows=swapped(whole.rows, one, other)))
    assert f"{name(one)} was moved: it stands at position {other} and belongs at {one}" in told
    assert f"{name(other)} was moved: it stands at position {one} and belongs at {other}" in told


@given(batches, st.data())
def test_a_changed_or_removed_node_is_named_and_no_leaf_is_blamed(
    sizes: list[int], data: st.DataObject
):
    whole = log(sizes)
    level, number = data.draw(st.sampled_from(sorted(whole.nodes)))
    without = {node: hash for node, hash in whole.nodes.items() if node != (level, number)}
    removed = verify(replace(whole, nodes=without), KEYS).faults
    assert removed == (f"tree node {level}/{number} was removed",)
    altered = verify(replace(whole, nodes={**without, (level, number): bytes(32)}), KEYS).faults
    assert altered == (f"tree node {level}/{number} was altered",)


@given(batches, st.data())
def test_an_altered_checkpoint_is_named(sizes: list[int], data: st.DataObject):
    whole = log(sizes)
    which = data.draw(st.integers(0, len(sizes) - 1))
    checkpoints = list(whole.checkpoints)
    one = checkpoints[which]
    checkpoints[which] = data.draw(
        st.sampled_from(
            [
                replace(one, root=bytes(32)),
                replace(one, at=one.at + timedelta(hours=1)),
                replace(one, signature=bytes(64)),
                replace(one, key_id="somebody else's"),
            ]
        )
    )
    told = verify(replace(whole, checkpoints=checkpoints), KEYS).faults
    assert f"checkpoint {one.tree_size} was altered: its signature is not ours" in told


@given(batches, st.data())
def test_a_removed_checkpoint_is_named_by_the_one_after_it_or_the_data_folder(
    sizes: list[int], data: st.DataObject
):
    whole = log(sizes)
    gone = data.draw(st.sampled_from(list(whole.checkpoints)))
    checkpoints = [one for one in whole.checkpoints if one is not gone]
    told = verify(replace(whole, checkpoints=checkpoints), KEYS).faults
    assert len(told) == 1
    assert f"checkpoint {gone.tree_size} was removed" in told[0]


@given(batches.filter(lambda sizes: len(sizes) > 1))
def test_a_log_cut_back_to_an_earlier_night_is_found(sizes: list[int]):
    whole, short = log(sizes), log(sizes[:-1])
    told = faults(replace(short, remembered=whole.remembered))
    assert f"checkpoint {sum(sizes)} was removed" in told
    for place in range(sum(sizes[:-1]), sum(sizes)):
        assert f"the leaf at position {place} was removed" in told


@given(batches)
def test_an_added_row_or_node_is_named(sizes: list[int]):
    whole, end = log(sizes), sum(sizes)
    rows = [*whole.rows, row(end)]
    assert f"{name(end)} was added at position {end}" in faults(replace(whole, rows=rows))
    nodes = {**whole.nodes, (0, end): bytes(32)}
    assert f"tree node 0/{end} was added" in faults(replace(whole, nodes=nodes))
    rows = [*whole.rows, replace(row(None, 5000), position=0)]
    assert f"{name(5000)} stands at position 0, which is taken" in faults(replace(whole, rows=rows))
    assert f"{name(0)} is there 2 times" in faults(
        replace(whole, rows=[*whole.rows, replace(whole.rows[0], position=None)])
    )


def test_a_log_signed_by_another_key_is_not_ours():
    other = Ed25519PrivateKey.generate()
    keys = {key_id(other.public_key().public_bytes_raw()): other.public_key()}
    assert "signature is not ours" in "\n".join(verify(log([3]), keys).faults)


def test_the_key_is_made_once_kept_from_others_and_its_public_half_checks_it(tmp_path: Path):
    signer = Signer.at(tmp_path / "keys")
    signed = Signer.at(tmp_path / "keys").sign(3, bytes(32), NINE_PM, 0)
    assert is_signed(signed, 0, read_keys(tmp_path / "keys" / PUBLIC))
    assert not is_signed(signed, 1, read_keys(tmp_path / "keys" / PUBLIC))
    assert (tmp_path / "keys" / "audit.key").stat().st_mode & 0o077 == 0
    assert latest(tmp_path / "keys") is None
    signer.remember(signed)
    assert latest(tmp_path / "keys") == signed == from_json(to_json(signed))


@pytest.mark.parametrize("text", ["", "ed25519 x", "rsa a b\n", "ed25519 0123 AAAA\n"])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, text: str):
    (tmp_path / "k").write_text(text)
    with pytest.raises(KeyRefused):
        read_keys(tmp_path / "k")


def test_a_key_under_another_keys_name_is_refused(tmp_path: Path):
    public = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
    (tmp_path / "k").write_text(f"ed25519 {'0' * 16} {public}\n")
    with pytest.raises(KeyRefused):
        read_keys(tmp_path / "k")


words = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), words))
def test_a_leaf_read_back_from_its_canonical_form_has_the_same_hash(facts: dict[str, object]):
    import json

    leaf = Leaf(UUID(int=1), NINE_PM, "service", "call.answered", "call_1", UUID(int=2), facts)
    assert leaf_hash(from_canonical(json.loads(canonical(leaf)))) == leaf_hash(leaf)


def test_numbers_are_settled_as_the_database_will_write_them():
    assert settled({"a": 1e3, "b": [0.5, -0.0], "c": 1e22, "d": (True, 1.5e300)}) == {
        "a": 1000,
        "b": [0.5, 0],
        "c": 10**22,
        "d": [True, 15 * 10**299],
    }
