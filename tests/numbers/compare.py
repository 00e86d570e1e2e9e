"""Writes the numbers of every region as people type them, right and wrong, and compares how the product and
phonenumbers read them. Fails for a difference that differences.txt does not list, and for a listed one that does not
exist."""

import pathlib
import random
import re
import subprocess
import sys

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

import oracle

DIFFERENCES = pathlib.Path(__file__).with_name("differences.txt")

# How many other mobile numbers to try per region: the example with different digits at its end.
NEIGHBOURS = 1


def examples():
    """Valid numbers of every region and every kind in it, including networks that belong to no country."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in PhoneNumberType.values():
            if number := phonenumbers.example_number_for_type(region, kind):
                yield number
                if kind == PhoneNumberType.MOBILE:
                    yield from neighbours(number)
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        if number := phonenumbers.example_number_for_non_geo_entity(code):
            yield number


def neighbours(number):
    national = phonenumbers.national_significant_number(number)
    chance = random.Random(national)
    for _ in range(NEIGHBOURS):
        other = national[:-4] + f"{chance.randrange(10_000):04}"
        found = oracle.parse(f"+{number.country_code}{other}")
        if found and phonenumbers.is_valid_number(found):
            yield found


def mistyped(digits):
    """The number with one digit dropped, doubled, or swapped with the next, at each position."""
    for at in range(len(digits)):
        yield digits[:at] + digits[at + 1 :]
        yield digits[: at + 1] + digits[at:]
        yield digits[:at] + digits[at + 1 : at + 2] + digits[at] + digits[at + 2 :]


def typed():
    """Yields (prefix, kind, text) for every input."""
    for number in examples():
        prefix, digits = str(number.country_code), phonenumbers.national_significant_number(number)
        yield prefix, "string", digits
        # The product refuses anything but digits, spaces and hyphens: parentheses, slashes and dots become spaces.
        national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        yield prefix, "string", re.sub(r"[^0-9 -]", " ", national)
        for text in [digits, *mistyped(digits)]:
            yield prefix, "string", text
            yield prefix, "integer", text.lstrip("0") or "0"
    for prefix, area, rest in oracle.pickers():
        for text in [rest, area + rest, *mistyped(rest), *mistyped(area + rest)]:
            yield prefix, "string", text
            yield prefix, "integer", text.lstrip("0") or "0"


def verdicts(program, lines):
    given = "".join("\t".join(line) + "\n" for line in lines)
    said = subprocess.run([program], input=given, capture_output=True, text=True, check=True).stdout.splitlines()
    return [tuple(line.split("\t")) for line in said]


def listed():
    """The known differences: `prefix kind typed`, and the reason after a #."""
    lines = (line.split("#")[0].strip() for line in DIFFERENCES.read_text().splitlines())
    return {line for line in lines if line}


def main(program):
    lines = sorted(set(typed()))
    accepted, found = 0, {}
    for line, verdict in zip(lines, verdicts(program, lines), strict=True):
        expected = oracle.verdict(*line)
        accepted += verdict[0].startswith("+")
        if verdict[:1] != expected[:1] or (verdict != expected and expected[1] is not None):
            found[" ".join(line)] = f"the product says {' '.join(verdict)}; phonenumbers {' '.join(map(str, expected))}"
    known = listed()
    for line, why in found.items():
        if line not in known:
            print(f"differs: {line}: {why}")
    for line in known - found.keys():
        print(f"listed, but there is no difference: {line}")
    print(f"{len(lines)} numbers, {accepted} of them accepted, {len(found)} differences, {len(known)} listed")
    sys.exit(0 if found.keys() == known else 1)


main(sys.argv[1])
