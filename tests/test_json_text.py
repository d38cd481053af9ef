"""JSON of anybody: bounded before it is read, and nothing in it but what JSON has."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p300.json_text import BYTES_A_VALUE, DEEPEST, parse_json

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(PLAIN)
def test_what_json_writes_is_read(content):
    for ensure_ascii in (True, False):
        try:
            text = json.dumps(content, ensure_ascii=ensure_ascii).encode()
        except UnicodeEncodeError:
            return  # half a character
        assert parse_json(text) == content


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"a": NaN}', "NaN found, expected a finite number"),
        (b"[-Infinity]", "-Infinity found, expected a finite number"),
        (b"[1e999]", "1e999 found, expected a finite number"),
        (b"[1" + b"0" * 400 + b".5]", r"1000.* found, expected a finite number"),
        (b"9" * 5000, "a number of 5000 digits found"),
        (str(2**64).encode(), "a number of 20 digits found"),
        (str(-(2**63) - 1).encode(), "a number of 20 digits found"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "key 'c' is there twice"),
        (b'["\\ud800"]', "surrogates not allowed"),
        (b'{"\\uDFFF": 1}', "surrogates not allowed"),
        (b'["\xff"]', "codec can't decode"),
        (b'"\xef\xbb\xbf', "Unterminated"),
        (b"", "Expecting value"),
        (b"[1] [2]", "Extra data"),
        (b"[" * 100_000, "brackets 100,000 deep found, at most 64"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "brackets 65 deep found"),
    ],
)
def test_what_is_no_plain_json_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_json(text)


def test_size_and_number_of_values_are_bounded():
    largest = 1600
    with pytest.raises(ValueError, match=r"1,602 bytes found, at most 1,600"):
        parse_json(b'"' + b"x" * 1600 + b'"', largest)
    most = largest // BYTES_A_VALUE
    assert len(parse_json(b"[" + b"1," * (most - 2) + b"1]", largest)) == most - 1
    for text in (b"[" + b"1," * most + b"1]", b"[" + b"{}," * 60 + b"1]"):
        with pytest.raises(ValueError, match=r"values found, at most 100"):
            parse_json(text, largest)


def test_brackets_and_commas_in_text_are_no_values():
    text = "[{,:" * 1000 + '\\"]'
    assert parse_json(json.dumps([text]).encode(), 10_000) == [text]


def test_depth_counts_brackets_in_each_other():
    deepest = b"[" * DEEPEST + b"]" * DEEPEST
    assert parse_json(b"[" + b",".join([deepest[1:-1]] * 3) + b"]")
