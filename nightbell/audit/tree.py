"""The RFC 6962 hash tree, as plain functions over positions and hashes.

A *node* `(level, number)` is a whole subtree: it covers the leaves from `number * 2**level`, in all
`2**level` of them. Only whole subtrees are kept; everything else is put together from them.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

Node = tuple[int, int]
Range = tuple[int, int]  # Leaves from the first up to, not including, the second.

EMPTY = hashlib.sha256().digest()


def join(left: bytes, right: bytes) -> bytes:
    """RFC 6962 section 2.1: SHA-256 over 0x01 and both halves."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def grow(size: int, kept: Mapping[Node, bytes], leaves: Sequence[bytes]) -> dict[Node, bytes]:
    """The nodes that become whole when `leaves` follow a tree of `size`; `kept` has its peaks."""
    made: dict[Node, bytes] = {}
    for position, leaf in enumerate(leaves, start=size):
        level, number, now = 0, position, leaf
        made[level, number] = now
        while number % 2 == 1:
            before = (level, number - 1)
            now = join(made[before] if before in made else kept[before], now)
            level, number = level + 1, number // 2
            made[level, number] = now
    return made


def whole(span: Range) -> list[Node]:
    """The whole subtrees that make up a range of the tree, left to right."""
    low, high = span
    found: list[Node] = []
    while low < high:
        # As large as what is left and the place it starts at allow.
        level = (high - low).bit_length() - 1
        if low:
            level = min(level, (low & -low).bit_length() - 1)
        found.append((level, low >> level))
        low += 1 << level
    return found


def peaks(size: int) -> list[Node]:
    """The whole subtrees of a tree of `size`: what is needed to go on growing it."""
    return whole((0, size))


def hash_of(span: Range, kept: Mapping[Node, bytes]) -> bytes:
    """The hash of a range that RFC 6962 names as a subtree."""
    nodes = [kept[node] for node in whole(span)]
    if not nodes:
        return EMPTY
    now = nodes.pop()
    while nodes:
        now = join(nodes.pop(), now)
    return now


def root(size: int, kept: Mapping[Node, bytes]) -> bytes:
    return hash_of((0, size), kept)


def inclusion(position: int, size: int) -> list[Range]:
    """The subtrees whose hashes prove that a leaf stands at `position` (section 2.1.1)."""
    if not 0 <= position < size:
        raise IndexError(position)
    path: list[Range] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + split(high - low)
        if position < middle:
            path.append((middle, high))
            high = middle
        else:
            path.append((low, middle))
            low = middle
    return path[::-1]


def consistency(old: int, new: int) -> list[Range]:
    """The subtrees whose hashes prove that a tree only grew from `old` to `new` (section 2.1.2)."""
    if not 0 < old <= new:
        raise IndexError(old)
    path: list[Range] = []
    low, high = 0, new
    known = True  # Whether the old tree is the whole of what we stand on, so its root is known.
    while old < high:
        middle = low + split(high - low)
        if old <= middle:
            path.append((middle, high))
            high = middle
        else:
            path.append((low, middle))
            low, known = middle, False
    if not known:
        path.append((low, high))
    return path[::-1]


def includes(
    leaf: bytes, position: int, size: int, proof: Sequence[bytes], expected_root: bytes
) -> bool:
    """Whether `proof` shows that `leaf` stands at `position` of the tree with this root.

    RFC 9162 section 2.1.3.2: the verifier's own steps, which share nothing with the maker's.
    """
    if not 0 <= position < size:
        return False
    here, last, now = position, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if here % 2 == 1 or here == last:
            now = join(step, now)
            while here % 2 == 0 and here != 0:
                here, last = here >> 1, last >> 1
        else:
            now = join(now, step)
        here, last = here >> 1, last >> 1
    return last == 0 and now == expected_root


def only_grew(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the old tree begins the new one (RFC 9162 section 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    steps = list(proof)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    here, last = old - 1, new - 1
    while here % 2 == 1:
        here, last = here >> 1, last >> 1
    was = now = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if here % 2 == 1 or here == last:
            was, now = join(step, was), join(step, now)
            while here % 2 == 0 and here != 0:
                here, last = here >> 1, last >> 1
        else:
            now = join(now, step)
        here, last = here >> 1, last >> 1
    return last == 0 and was == old_root and now == new_root


def roots(hashes: Sequence[bytes], sizes: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """The root at each of the rising `sizes`, in one pass over the leaves' hashes."""
    kept: dict[Node, bytes] = {}
    done = 0
    for size in sizes:
        kept |= grow(done, kept, hashes[done:size])
        done = size
        kept = {node: kept[node] for node in peaks(size)}
        yield size, root(size, kept)
