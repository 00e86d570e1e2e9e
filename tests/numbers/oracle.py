"""How a number should be read, according to phonenumbers and the rules of the API."""

import functools
import re

import phonenumbers
from phonenumbers import PhoneNumberType

MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}

# The most leading zeros that an integer is assumed to have lost.
LOST_ZEROS = 3

ARGENTINA = 54

MAX_CODE_DIGITS = 3


def parse(text):
    try:
        return phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None


@functools.cache
def reading(prefix, digits):
    """The number and its kind, or None if it is not valid."""
    number = parse(f"+{prefix}{digits}")
    if number is None or not phonenumbers.is_valid_number(number):
        return None
    kind = phonenumbers.number_type(number)
    # libphonenumber's FAQ, "Argentina": a number known to be mobile gets the 9 that people there do not write.
    if number.country_code == ARGENTINA and kind not in MOBILE:
        mobile = parse(f"+54 9 {phonenumbers.national_significant_number(number)}")
        if mobile and phonenumbers.number_type(mobile) == PhoneNumberType.MOBILE:
            return mobile, PhoneNumberType.MOBILE
    return number, kind


def pickers():
    """Yields (prefix, area code, rest) of a mobile number in each country whose area code pickers put in the prefix."""
    for country in sorted(phonenumbers.SUPPORTED_REGIONS):
        number = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
        if number and number.country_code == 1 and area_country(str(number.national_number)[:3]) == country:
            digits = str(number.national_number)
            yield f"1{digits[:3]}", digits[:3], digits[3:]


@functools.cache
def area_country(area):
    """The North American country that alone has this area code."""
    for country in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1]:
        leading_digits = phonenumbers.PhoneMetadata.metadata_for_region(country).leading_digits
        if leading_digits and re.fullmatch(leading_digits, area):
            return country
    return None


def verdict(prefix, kind, typed):
    """(number, country) if accepted; (field, reason) if refused. The reason is None where it is not compared."""
    if len(prefix) > MAX_CODE_DIGITS:
        return with_area(prefix[0], prefix[1:], typed)
    if phonenumbers.region_code_for_country_code(int(prefix)) == "001":
        return "phone_prefix", "is the code of an international network, which codes are not sent to"
    digits = "".join(character for character in typed if character.isdigit())
    zeros = LOST_ZEROS if kind == "integer" else 0
    readings = [found for lost in range(zeros + 1) if (found := reading(prefix, "0" * lost + digits))]
    for number, number_kind in readings:
        if number_kind in MOBILE:
            e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            return e164, phonenumbers.region_code_for_number(number)
    kinds = {number_kind for _, number_kind in readings}
    if kinds == {PhoneNumberType.FIXED_LINE}:
        return "phone", "is a landline, which gets no SMS: it must be a mobile number"
    if kinds and PhoneNumberType.FIXED_LINE not in kinds:
        return "phone", "is not a mobile number, so it gets no SMS"
    return "phone", None


def with_area(code, area, typed):
    """Like `verdict`, for a prefix with an area code. The digits may repeat it; the number must be in its country."""
    for digits in (area + typed, typed):
        found = reading(code, digits)
        if found and found[1] in MOBILE and phonenumbers.region_code_for_number(found[0]) == area_country(area):
            e164 = phonenumbers.format_number(found[0], phonenumbers.PhoneNumberFormat.E164)
            return e164, area_country(area)
    return "phone", None
