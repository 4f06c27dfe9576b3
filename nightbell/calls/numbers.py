"""A call-back number as read back: is it the one they ring from, or nearly?

The commonest slip in a number taken by ear is two digits the other way round, so it is named.
Source: facts of the trade; transposition is what Damm and Luhn check digits were made against.
"""


def warning(typed: str, caller: str) -> str:
    """A sentence for the agent when `typed` (E.164) is not the caller's number; else nothing."""
    if not caller or typed == caller:
        return ""
    if len(typed) == len(caller):
        differ = [n for n, (a, b) in enumerate(zip(typed, caller, strict=True)) if a != b]
        if _swapped(typed, caller, differ):
            which = "The last two digits are" if differ[1] == len(typed) - 1 else "Two digits are"
            return f"{which} the other way round in the number they are calling from."
        if len(differ) == 1:
            return "One digit differs from the number they are calling from. Read it back again."
    return "This is not the number they are calling from. Read it back once more."


def _swapped(typed: str, caller: str, differ: list[int]) -> bool:
    if len(differ) != 2 or differ[1] != differ[0] + 1:
        return False
    first, second = differ
    return typed[first] == caller[second] and typed[second] == caller[first]
