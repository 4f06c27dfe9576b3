"""What would go wrong tonight for a practice, found while somebody can still mend it."""

from nightbell.accounts.account import Account


def missing(
    one: Account, *, has_did: bool, has_hours: bool, has_greeting: bool, keys_ready: bool
) -> list[str]:
    """A sentence for each thing that is not there, each saying how to mend it."""
    found: list[str] = []
    if not has_did:
        found.append("No number rings this account. Add the number patients dial.")
    if not has_hours and one.coverage_mode != "always":
        found.append("No opening hours: every call is answered as after hours. Add the hours.")
    if not has_greeting:
        found.append("No greeting of its own: callers hear the neutral one. Record a greeting.")
    if not keys_ready:
        found.append("No message can be sealed for this practice. Make its keys.")
    return found
