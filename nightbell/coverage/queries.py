"""Coverage as it stands for an account at an instant."""

from datetime import datetime

from nightbell.accounts import queries as accounts
from nightbell.accounts.account import Account
from nightbell.coverage.choice import Choice, Hours, choose
from nightbell.store.work import Work


async def hours_of(work: Work, account: Account) -> Hours:
    return Hours(
        await accounts.hours(work, account.account_id),
        await accounts.special_days(work, account.account_id),
        account.zone,
    )


async def choice_for(work: Work, account: Account, *, at: datetime | None = None) -> Choice:
    """How a call to `account` is received at `at` (now)."""
    return choose(
        account.coverage_mode,
        await hours_of(work, account),
        at=at or work.at,
        has_office_number=account.office_number is not None,
    )
