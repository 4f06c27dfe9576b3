"""The offline verifier: from what is kept, which rows were altered, removed, added or moved.

The signed roots decide. Leaf by leaf there are two witnesses, the row itself and its node in the
tree; whichever agrees with the signed root convicts the other.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from nightbell.audit.checkpoint import Checkpoint, PublicKeys, is_signed
from nightbell.audit.tree import Node, grow, peaks, root
from nightbell.core.ids import wire


@dataclass(frozen=True, slots=True)
class Row:
    """A leaf as it is kept: its hash now (from its fields), the hash it says, where it stands."""

    leaf_id: UUID
    hash: bytes
    said_hash: bytes
    position: int | None

    @property
    def name(self) -> str:
        return f"leaf {wire('leaf', self.leaf_id)}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is kept of a log, and what the data folder remembers of it."""

    rows: Sequence[Row]
    nodes: Mapping[Node, bytes]
    checkpoints: Sequence[Checkpoint]
    remembered: Checkpoint | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """`faults` are sentences, each naming a row. `waiting` leaves have no position yet."""

    leaves: int
    waiting: int
    checkpoint: Checkpoint | None
    faults: tuple[str, ...]


@dataclass(slots=True)
class _Case:
    evidence: Evidence
    keys: PublicKeys
    faults: list[str] = field(default_factory=list[str])
    at: dict[int, Row] = field(default_factory=dict[int, Row])
    trusted: list[bytes] = field(default_factory=list[bytes])


def verify(evidence: Evidence, keys: PublicKeys) -> Report:
    case = _Case(evidence, keys)
    _check_rows(case)
    good = _check_checkpoints(case)
    _establish(case, good)
    _convict_leaves(case)
    _convict_nodes(case)
    return Report(
        leaves=len(case.at),
        waiting=sum(row.position is None for row in evidence.rows),
        checkpoint=good[-1] if good else None,
        faults=tuple(dict.fromkeys(case.faults)),
    )


def _check_rows(case: _Case) -> None:
    """Each row by itself: its fields make its hash, it is there once and alone in its place."""
    ids = Counter(row.leaf_id for row in case.evidence.rows)
    for row in case.evidence.rows:
        if ids[row.leaf_id] > 1:
            case.faults.append(f"{row.name} is there {ids[row.leaf_id]} times")
        if row.hash != row.said_hash:
            where = "without a position" if row.position is None else f"at position {row.position}"
            case.faults.append(f"{row.name} {where} was altered: its hash does not fit it")
        if row.position is None:
            continue
        if row.position in case.at:
            case.faults.append(f"{row.name} stands at position {row.position}, which is taken")
        else:
            case.at[row.position] = row


def _check_checkpoints(case: _Case) -> list[Checkpoint]:
    """The checkpoints that are signed, in order; every other one is named."""
    good: list[Checkpoint] = []
    previous = 0
    for one in sorted(_all_checkpoints(case), key=lambda one: one.tree_size):
        missing = _missing_before(one, previous, case.keys)
        if missing is None:
            case.faults.append(f"checkpoint {one.tree_size} was altered: its signature is not ours")
        else:
            if missing:
                case.faults.append(f"checkpoint {missing} was removed")
            good.append(one)
        previous = one.tree_size
    return good


def _all_checkpoints(case: _Case) -> list[Checkpoint]:
    """Those of the database, and the one that the data folder remembers when it is not there."""
    kept, remembered = list(case.evidence.checkpoints), case.evidence.remembered
    if remembered and all(one.tree_size != remembered.tree_size for one in kept):
        kept.append(remembered)
        case.faults.append(
            f"checkpoint {remembered.tree_size} was removed: the data folder remembers it"
        )
    return kept


def _missing_before(one: Checkpoint, previous: int, keys: PublicKeys) -> int | None:
    """0 when `one` follows `previous`; the size it does follow, when that is gone; else None."""
    if is_signed(one, previous, keys):
        return 0
    # The signature names its predecessor: find it among the sizes there may have been. When the
    # predecessor itself was altered, its size may be the wrong one, so every smaller one may be.
    for size in [*range(one.tree_size - 1, previous, -1), *range(previous - 1, -1, -1)]:
        if is_signed(one, size, keys):
            return size
    return None


def _establish(case: _Case, good: Sequence[Checkpoint]) -> None:
    """Fill `trusted` with the leaf hashes that the signed roots vouch for, span by span."""
    kept: dict[Node, bytes] = {}
    for one in good:
        begin, end = len(case.trusted), one.tree_size
        for witness in (_from_rows, _from_nodes):
            hashes = witness(case, begin, end)
            if hashes is None:
                continue
            grown = kept | grow(begin, kept, hashes)
            if root(end, grown) == one.root:
                case.trusted += hashes
                kept = {node: grown[node] for node in peaks(end)}
                break
        else:
            case.faults += _unvouched(case, begin, end)
            return


def _from_rows(case: _Case, begin: int, end: int) -> list[bytes] | None:
    if not all(position in case.at for position in range(begin, end)):
        return None
    return [case.at[position].hash for position in range(begin, end)]


def _from_nodes(case: _Case, begin: int, end: int) -> list[bytes] | None:
    nodes = case.evidence.nodes
    if not all((0, position) in nodes for position in range(begin, end)):
        return None
    return [nodes[0, position] for position in range(begin, end)]


def _unvouched(case: _Case, begin: int, end: int) -> Iterator[str]:
    """Both witnesses fail against the root: name the span, and the places where they differ."""
    nodes = case.evidence.nodes
    yield f"the leaves from position {begin} to {end - 1} do not make the root that was signed"
    for position in range(begin, end):
        row, node = case.at.get(position), nodes.get((0, position))
        if row is None:
            yield f"the leaf at position {position} was removed"
        elif row.hash != node:
            yield f"{row.name} at position {position} and its node in the tree differ"


def _convict_leaves(case: _Case) -> None:
    belongs = {hash: position for position, hash in enumerate(case.trusted)}
    size = len(case.trusted)
    for position, hash in enumerate(case.trusted):
        row = case.at.get(position)
        if row is None:
            case.faults.append(f"the leaf at position {position} was removed (it was {hash.hex()})")
        elif row.hash == hash:
            continue
        elif row.hash in belongs:
            case.faults.append(
                f"{row.name} was moved: it stands at position {position}"
                f" and belongs at {belongs[row.hash]}"
            )
        else:
            case.faults.append(f"{row.name} at position {position} was altered")
    reached = max((one.tree_size for one in case.evidence.checkpoints), default=0)
    for position, row in case.at.items():
        # Beyond every checkpoint: added, or moved there. Below one that could not be
        # established, the span was named already.
        if 0 <= position < max(size, reached):
            continue
        if row.hash in belongs:
            case.faults.append(
                f"{row.name} was moved: it stands at position {position}"
                f" and belongs at {belongs[row.hash]}"
            )
        else:
            case.faults.append(f"{row.name} was added at position {position}, which nothing signs")


def _convict_nodes(case: _Case) -> None:
    expected = grow(0, {}, case.trusted)
    for (level, number), hash in expected.items():
        kept = case.evidence.nodes.get((level, number))
        if kept is None:
            case.faults.append(f"tree node {level}/{number} was removed")
        elif kept != hash:
            case.faults.append(f"tree node {level}/{number} was altered")
    for level, number in case.evidence.nodes:
        if (level, number) not in expected and (number + 1) << level > len(case.trusted):
            case.faults.append(f"tree node {level}/{number} was added")
