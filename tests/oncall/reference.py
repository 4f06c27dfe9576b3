"""Who is on call, worked out slowly and differently: count what the wall clock has ever read."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from nightbell.core.ids import PersonId
from nightbell.oncall.resolve import OnCall

MINUTE = timedelta(minutes=1)
QUARTER = 15  # minutes; no zone has moved its clock at another minute of the hour since 2020
LONGEST_REPEAT = 180  # minutes; nor has one gone back further


def latest_read(at: datetime, zone: ZoneInfo) -> datetime:
    """The latest the wall clock has read up to `at`: while an hour repeats, this stands still.

    Just before a clock goes back it reads its latest, so the last minute of each quarter is asked.
    """
    at = at.astimezone(UTC)
    quarter = at.replace(minute=at.minute // QUARTER * QUARTER, second=0, microsecond=0)
    past = [quarter - n * MINUTE - MINUTE for n in range(0, LONGEST_REPEAT + 1, QUARTER)]
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
