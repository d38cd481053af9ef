"""Pieces of YAML that were made up to do harm, or are wrong where they stand."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

Piece = Callable[[Random], str]

HIDDEN = ("\\ud800", "\\0", "\\e[2J", "\\u202e", "\\u2028", "\\x85", "\\udcff\\ud83d", "\\uffff")


def growing_aliases(random: Random) -> str:
    """Lists of lists of lists: a few lines stand for up to 10^20 values."""
    width, depth = random.randrange(2, 12), random.randrange(2, 40)
    lists = ["&a0 [x, y]"]
    lists += [f"&a{k} [{', '.join([f'*a{k - 1}'] * width)}]" for k in range(1, depth)]
    return f"[{', '.join(lists)}]"


def growing_mappings(random: Random) -> str:
    width, depth = random.randrange(2, 10), random.randrange(2, 30)
    inner = ["{a: &a0 {x: 1}"]
    for k in range(1, depth):
        keys = ", ".join(f"k{j}: *a{k - 1}" for j in range(width))
        inner.append(f"b{k}: &a{k} {{{keys}}}")
    return ", ".join(inner) + "}"


def merging(random: Random) -> str:
    """Merge keys that double at every level, or merge something that is no mapping."""
    depth = random.randrange(2, 40)
    levels = ["{m0: &m0 {x: 1, y: 2}"]
    levels += [f"m{k}: &m{k} {{<<: [*m{k - 1}, *m{k - 1}], k{k}: 1}}" for k in range(1, depth)]
    odd = random.choice(
        ["{<<: 1}", "{<<: [1, 2]}", "{<<: {<<: {<<: x}}}", "{<<: null}", "&m {<<: *m}"]
    )
    return random.choice([", ".join(levels) + "}", odd])


def circles(random: Random) -> str:
    return random.choice(
        [
            "&a [*a]",
            "&a {a: *a}",
            "&a {? *a : 1}",
            "[&a [&b [*a, *b]]]",
            "&a [1, {b: [*a]}]",
            "*none",
        ]
    )


def deep(random: Random) -> str:
    n = random.choice([10, 100, 1000, 10_000, 60_000])
    opened, closed = random.choice(
        [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", ""), ("[{a: ", "}]")]
    )
    return opened * n + "1" + closed * random.choice([n, n, 0])


def numbers(random: Random) -> str:
    n = random.choice([5, 40, 400, 5000, 80_000])
    return random.choice(
        [
            "9" * n, "-" + "9" * n, "0x" + "f" * n, "0b" + "1" * n, "0o" + "7" * n, "0" + "7" * n,
            "1e999", "-1e999", ".inf", "-.inf", ".nan", "1_" * n + "1", ":".join(["59"] * n),
            "1." + "0" * n + "1", "1e" + "9" * n, "-0", "-0.0", "1e-400", "1" + ":59" * n + ".5",
            str(2**63), str(2**64), str(-(2**63)), "1000000", "1024", "4294967295", "4294967296",
        ]
    )  # fmt: skip


def tags(random: Random) -> str:
    return random.choice(
        [
            "!!python/object/apply:os.system ['false']", "!!python/name:os.system",
            "!!python/tuple [1]",
            "!!binary 'no base64 at all'", "!!binary aGVsbG8=", "!!timestamp 2024-13-45",
            "!!set {a, b}",
            "!!omap [a: 1, a: 2]", "!!pairs [a: 1, 2]", "!!int x", "!!int ''", "!!float ''",
            "!!bool maybe",
            "!odd {a: 1}", "!!null x", "!!merge <<", "!<tag:yaml.org,2002:int> [1]", "!!map [1]",
            "!!seq {a: 1}",
            "!!str {a: 1}", "!!int {a: 1}", "!!float [1]", "!", "!!", "!!omap {a: 1}", "!!set [a]",
            "!!value =",
            "!!python/object/new:type {args: [a, [], {}]}", "=",
        ]
    )  # fmt: skip


def dates(random: Random) -> str:
    return random.choice(
        [
            "2024-02-30", "0000-00-00", "2024-01-01", "9999-12-31T23:59:60Z", "2024-01-01 25:61:61",
            "2024-01-01T00:00:00+99:99", "0001-01-01T00:00:00+23:59",
            "2001-12-14t21:59:43.10-05:00",
            "9999-12-31T23:59:59-23:59", "2024-01-01T00:00:00." + "9" * 5000,
        ]
    )  # fmt: skip


def keys(random: Random) -> str:
    """Keys that are no text, cannot be hashed or are there twice."""
    return random.choice(
        [
            "{[1, 2]: 3}", "{{a: 1}: 2}", "{? [a] : b}", "{? {a: b} : c}",
            "{1: a, true: b, null: c}",
            "{2024-01-01: a}", "{.nan: a, .NaN: b}", "{a: 1, a: 2}", "{'': 1}", "{1: a, 1.0: b}",
            "{!!binary aGVsbG8=: 1}", "{yes: 1, true: 2}", "{? !!set {a} : 1}", "{~: 1}",
            "{.inf: 1}",
        ]
    )  # fmt: skip


def letters(random: Random) -> str:
    """Text that cannot be shown or that a screen would act upon."""
    return random.choice(
        [
            f'"{random.choice(HIDDEN)}"', f'{{"a{random.choice(HIDDEN)}": 1}}', '"\\xzz"', "\x00",
            "\x1b[2J",
            "\ufeff", "\x85", "\u2028", "'" + "x" * random.choice([10, 10**4, 10**6]) + "'",
            "'open", '"open',
            "a: b: c", "- - -", "@x", "`x`", "%x", "\t", "|", ">", "| \n  a\n b", "\udcff", "''",
            "../../x", "/",
            "'..'", "{a", "[", "]", "}", "?", ":", ",", "&", "*", "'\U0001f600'", "'\u202etxt'",
        ]
    )  # fmt: skip


def many(random: Random) -> str:
    n = random.choice([100, 3000, 8000])  # what is read is linear in the text
    return random.choice(
        [
            f"[{', '.join(map(str, range(n)))}]",
            f"[{', '.join(['[]'] * n)}]",
            f"{{{', '.join(f'k{k}: {{}}' for k in range(n))}}}",
            f"[{', '.join(['{source: simulated}'] * (n // 10))}]",
        ]
    )


def wrong(random: Random) -> str:
    """Values that are valid YAML, of a type that few settings have."""
    return random.choice(
        [
            "null", "true", "no", "0", "-1", "1", "0.5", "1e9", "-0.001", "''", "text", "[]",
            "[[]]", "{}", "[1, x]",
            "{a: 1}", "[null]", "'3'", "'1e3'", "[{}]", "{source: simulated}", "simulated", "slda",
            "[Fz, Fz]",
            "010", "0o10", "1_0", "~", "NaN", "inf", "[1, 2, 3]", "{a: {b: {c: {}}}}", "1000",
            "[Fz, Cz]",
        ]
    )  # fmt: skip


def plausible(random: Random) -> str:
    """Values that some setting takes: what is wrong comes to light later, if at all."""
    return random.choice(
        [
            "1", "2", "3", "7", "64", "1024", "0.1", "0.5", "1.0", "20.0", "[1, 2]", "[Fz, Cz, Pz]",
            "[0.1, 20.0]", "['1']", "['1', '2', '2']", "null", "true", "false", "none", "euclidean",
            "running", "average", "simulated", "cnn1", "0.999", "[0.0, 0.8]", "5000000.0", "1e-9",
            "{a: 2, b: 3}", "[[a, b], [c, d]]", "abcdef", "{detector: slda}", "[lda, lda]", "-0.1",
        ]
    )  # fmt: skip


PIECES: tuple[Piece, ...] = (
    growing_aliases, growing_mappings, merging, circles, deep, numbers, tags, dates, keys, letters,
    many, wrong,
)  # fmt: skip

DOCUMENTS = (
    "", "---", "--- \n---\n", "...", "# nothing", "a: 1\n--- \nb: 2", "%YAML 9.9\n---\na: 1",
    "%TAG ! !x\n---\n!a b",
    "- a", "text", "1", "\t", "a:\n\tb: 1", "\x00", "\ufeffname: x", "%", "name: x\nname: y", "&a",
    "*a", "!!", "? ",
)  # fmt: skip
