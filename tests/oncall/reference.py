"""Who is on call, worked out slowly and differently: count what the wall clock has ever read."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from nightbell.core.ids import PersonId
from nightbell.oncall.resolve import OnCall

MINUTE = timedelta(minutes=1)
LONGEST_REPEAT = 185  # minutes; no zone's clock has gone back further since 2020


def latest_read(at: datetime, zone: ZoneInfo) -> datetime:
    """The latest the wall clock has read up to `at`: when it goes back, this stands still."""
    at = at.astimezone(UTC)
    minute = at.replace(second=0, microsecond=0)
    past = [minute - n * MINUTE for n in range(LONGEST_REPEAT)]
    return max(one.astimezone(zone).replace(tzinfo=None, fold=0) for one in [at, *past])


def slow_holder(oncall: OnCall, role: str, at: datetime) -> PersonId | None:
    for one in oncall.overrides:
        if one.role == role and one.starts_at.timestamp() <= at.timestamp() < (
            one.ends_at.timestamp()
        ):
            return one.person_id
    for rotation in oncall.rotations:
        if rotation.role != role:
            continue
        read = latest_read(at, ZoneInfo(rotation.zone))
        first = datetime.combine(rotation.starts_on, rotation.handoff_at)
        if read < first:
            return None
        return rotation.people[
            ((read - first) // timedelta(days=rotation.days)) % len(rotation.people)
        ]
    return None
