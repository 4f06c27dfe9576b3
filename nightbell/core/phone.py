"""Telephone numbers: E.164 inside (`+12125550142`), grouped for reading aloud on screens.

Source: ITU-T E.164; formats from the `phonenumbers` metadata.
"""

import phonenumbers

from nightbell.core.errors import Refused

HOME_REGION = "US"


class PhoneRefused(Refused):
    """Enter a telephone number with 10 digits, like 212 555 0143."""


def e164(text: str) -> str:
    """The one stored form of `text`, a number as a person wrote it."""
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException:
        raise PhoneRefused from None
    # "Possible", not "valid": 555-01xx numbers are never assigned and must work in tests.
    if not phonenumbers.is_possible_number(number):
        raise PhoneRefused
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def grouped(number: str) -> str:
    """`212 555 0143`: the digits as an agent reads them back."""
    if number.startswith("+1") and len(number) == 12:
        return f"{number[2:5]} {number[5:8]} {number[8:]}"
    return number
