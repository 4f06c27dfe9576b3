"""The tree against RFC 6962: its published roots, and a slow copy of its own words."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightbell.audit.tree import (
    EMPTY,
    Node,
    Range,
    consistency,
    grow,
    hash_of,
    includes,
    inclusion,
    only_grew,
    peaks,
    root,
    roots,
    whole,
)

# The reference tree that the certificate transparency implementations share.
ENTRIES = (
    ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    (
        "606162636465666768696a6b6c6d6e6f",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ),
)
sizes = st.integers(1, 300)


def leaf(text: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + text).digest()


def leaves(size: int) -> list[bytes]:
    return [leaf(str(n).encode()) for n in range(size)]


def tree(size: int) -> dict[Node, bytes]:
    return grow(0, {}, leaves(size))


def slow_root(entries: list[bytes]) -> bytes:
    """MTH, word for word from section 2.1, over leaf hashes."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return entries[0]
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return hashlib.sha256(b"\x01" + slow_root(entries[:k]) + slow_root(entries[k:])).digest()


def test_the_published_roots():
    hashes = [leaf(bytes.fromhex(entry)) for entry, _ in ENTRIES]
    for size, (_, expected) in enumerate(ENTRIES, start=1):
        assert root(size, grow(0, {}, hashes[:size])).hex() == expected
    assert [found.hex() for _, found in roots(hashes, range(1, 9))] == [r for _, r in ENTRIES]


def test_an_empty_log_has_the_hash_of_nothing():
    assert root(0, {}) == EMPTY == hashlib.sha256().digest()


def test_the_published_proofs_are_of_these_shapes():
    """Section 2.1.3: the seven-leaf example."""
    assert inclusion(0, 7) == [(1, 2), (2, 4), (4, 7)]
    assert inclusion(3, 7) == [(2, 3), (0, 2), (4, 7)]
    assert inclusion(4, 7) == [(5, 6), (6, 7), (0, 4)]
    assert inclusion(6, 7) == [(4, 6), (0, 4)]
    assert consistency(3, 7) == [(2, 3), (3, 4), (0, 2), (4, 7)]
    assert consistency(4, 7) == [(4, 7)]
    assert consistency(6, 7) == [(4, 6), (6, 7), (0, 4)]


@given(sizes)
def test_every_root_is_the_rfcs(size: int):
    assert root(size, tree(size)) == slow_root(leaves(size))


@given(st.lists(st.integers(0, 40), max_size=8))
def test_a_tree_grown_in_any_batches_is_the_same_tree(batches: list[int]):
    kept: dict[Node, bytes] = {}
    size = 0
    for more in batches:
        # Only the peaks are carried over, as the sequencer does.
        kept = {node: kept[node] for node in peaks(size)}
        kept |= grow(size, kept, leaves(size + more)[size:])
        size += more
    assert root(size, kept) == slow_root(leaves(size))


def proof(path: list[Range], kept: dict[Node, bytes]) -> list[bytes]:
    return [hash_of(span, kept) for span in path]


@given(sizes, st.data())
def test_a_leaf_that_is_there_is_proved_and_no_other_leaf_place_or_root(
    size: int, data: st.DataObject
):
    position = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != position) | st.just(size))
    kept = tree(size)
    steps, top = proof(inclusion(position, size), kept), root(size, kept)
    here = leaves(size)[position]
    assert includes(here, position, size, steps, top)
    assert not includes(leaf(b"another"), position, size, steps, top)
    assert not includes(here, other, size, steps, top)
    assert not includes(here, position, size, steps, leaf(b"another"))
    assert not includes(here, position, size, [*steps, top], top)
    if steps:
        broken = data.draw(st.integers(0, len(steps) - 1))
        assert not includes(here, position, size, steps[:-1], top)
        steps[broken] = leaf(b"another")
        assert not includes(here, position, size, steps, top)


@given(sizes, st.data())
def test_a_log_that_only_grew_is_proved_and_one_that_was_rewritten_is_not(
    new: int, data: st.DataObject
):
    old = data.draw(st.integers(1, new))
    kept = tree(new)
    steps = proof(consistency(old, new), kept)
    before, after = slow_root(leaves(old)), slow_root(leaves(new))
    assert only_grew(old, new, before, after, steps)
    rewritten = leaves(old)
    rewritten[data.draw(st.integers(0, old - 1))] = leaf(b"another")
    assert not only_grew(old, new, slow_root(rewritten), after, steps)
    assert not only_grew(old, new, before, leaf(b"another"), steps)
    assert not only_grew(old, new, before, after, [*steps, after])


@given(sizes, st.data())
def test_whole_subtrees_cover_a_range_once_and_in_order(size: int, data: st.DataObject):
    low = data.draw(st.integers(0, size))
    covered = [
        n
        for level, number in whole((low, size))
        for n in range(number << level, number + 1 << level)
    ]
    assert covered == list(range(low, size))


@pytest.mark.parametrize(("position", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(position: int, size: int):
    with pytest.raises(IndexError):
        inclusion(position, size)
    assert not includes(leaf(b""), position, size, [], leaf(b""))


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_there_is_no_proof_that_a_log_grew_from_nothing_or_shrank(old: int, new: int):
    with pytest.raises(IndexError):
        consistency(old, new)
    assert not only_grew(old, new, leaf(b""), leaf(b""), [])
