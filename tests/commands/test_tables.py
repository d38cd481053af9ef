"""Tables fit the terminal that there is, and no number is cut or divided."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from p300.columns import METRIC_ROWS
from p300.commands.main import app
from p300.commands.tables import PIPED, print_table, wrapped
from p300.commands.terminal import print_letter, print_means
from p300.detectors import described_parameters
from p300.recordings import described_options
from p300.runs import RunFolder
from p300.speller import Decision

MEANS = ["data set", "protocol", "detector", "subjects", "ROC-AUC [95 %]"]
ROWS = [
    ["bnci2015_003", "within_subject", "xdawn_lda", "6", "0.683 [0.623, 0.878]"],
    ["simulated", "cross_subject", "a detector of some name", "12", "0.752 [0.663, 0.914]"],
]


@pytest.fixture(params=[40, 60, 80, 200])
def width(request, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(request.param))
    return request.param


def lines_of(capsys, width):
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    return lines


def test_numbers_are_printed_in_one_piece(width, capsys):
    print_table(MEANS, ROWS)
    text = "\n".join(lines_of(capsys, width))
    assert "…" not in text
    for *_, n, interval in ROWS:
        assert interval in text
        assert re.search(rf"(?<!\d){n}(?!\d)", text)


def test_wide_terminals_have_a_line_a_row_narrow_ones_a_block(capsys, monkeypatch):
    def printed(width):
        monkeypatch.setenv("COLUMNS", str(width))
        print_table(MEANS, ROWS)
        return lines_of(capsys, width)

    assert len(printed(200)) == 3
    assert [line.split()[0] for line in printed(80) if line[0] != " "] == [
        "data", "bnci2015_003", "simulated",
    ]  # fmt: skip
    assert printed(40)[:4] == [
        "bnci2015_003", "  protocol: within_subject", "  detector: xdawn_lda   subjects: 6",
        "  ROC-AUC [95 %]: 0.683 [0.623, 0.878]",
    ]  # fmt: skip


def test_names_are_folded_between_their_words_and_never_in_a_number(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "24")
    print_table(["name", "n"], [["within_subject", "1,050 of 2,000"], ["in 1/2_34", "3"]])
    assert [line.rstrip() for line in lines_of(capsys, 24)] == [
        "name      n", "within_   1,050 of 2,000", "subject", "in        3", "1/2_34",
    ]  # fmt: skip


def test_a_number_that_does_not_fit_beside_its_name_stands_below_it(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    figure, number = "a name of a figure", "0.683 [0.623, 0.878]"
    print_table(["a", "n", "m", figure], [["x", "1 of 2", "3.000", number], ["y", "", "", ""]])
    assert lines_of(capsys, 30) == [
        "x", "  n: 1 of 2   m: 3.000", f"  {figure}:", f"    {number}", "y",
    ]  # fmt: skip


CELLS = st.one_of(
    st.floats(-999, 999).map("{:+.3f}".format),
    st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda ends: "{:.3f} [{:.3f}]".format(*ends)),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.text("ab_ ", min_size=1, max_size=30), CELLS, CELLS),
                min_size=1, max_size=4), st.integers(24, 120))  # fmt: skip
def test_no_number_is_lost_at_any_width(rows, width):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        with redirect_stdout(StringIO()) as printed:
            print_table(["name", "first", "second"], rows)
        out = printed.getvalue()
    for _, *numbers in rows:
        assert all(number in out for number in numbers)
    if "  first: " not in out:
        assert max(map(len, out.splitlines())) <= width


def test_means_are_printed_whole(width, capsys, tmp_path):
    where = {"dataset": "bnci2015_003", "protocol": "within_subject", "detector": "slda"}
    mean = {"subject": "mean", "value": 0.7, "low": 0.6, "high": 0.8, "n": 6}
    rows = [{**where, **mean, "metric": name} for name in ("roc_auc", "balanced_accuracy")]
    folder = RunFolder(tmp_path)
    table = pd.DataFrame(rows).reindex(columns=METRIC_ROWS.names)
    folder.write_metrics(table.assign(alignment="none", decoded="instant"))
    print_means(folder)
    assert "\n".join(lines_of(capsys, width)).count("0.700 [0.600, 0.800]") == 2


def test_letters_are_printed_whole(width, capsys):
    print_letter(Decision("made", "1", "1", "2", 1, "A", "B", 0.913, 15, True, False), None)
    text = "\n".join(lines_of(capsys, width))
    assert "A  p = 0.913 after 15 repetitions" in text
    assert "meant B" in " ".join(text.split())


@pytest.mark.parametrize("command", ["detectors", "datasets", "configs"])
def test_lists_fit(width, command):
    told = CliRunner().invoke(app, [command])
    table = told.output.partition("\n\n")[0].splitlines()
    address = [line for line in table if "://" in line]
    assert max(len(line) for line in table if line not in address) <= width
    assert "…" not in told.output


@pytest.mark.parametrize(
    ("command", "described"),
    [(["detectors", name], described_parameters) for name in ("cnn2a", "slda", "estimator")]
    + [(["datasets", "show", name], described_options) for name in ("simulated", "table")],
    ids=lambda given: "-".join(given) if isinstance(given, list) else given.__name__,
)
def test_every_parameter_is_shown_with_its_sentence(width, command, described):
    told = CliRunner().invoke(app, command).output
    said = " ".join(told.split())
    for each in described(command[-1]):
        assert f"{each.name} = " in said
        assert " ".join(f"({each.values}) {each.sentence}".split()) in said


def test_piped_lines_are_whole(monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)
    print_table(["name"], [["word " * 30]])
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert PIPED > 150


def test_a_paragraph_is_folded_where_reading_is_easy(monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    lines = wrapped("two-part words " * 30, indent="    ", first="  ").splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith("  two")
    assert all(line.startswith("    ") for line in lines[1:])
    assert not any(line.endswith("-") for line in lines)
