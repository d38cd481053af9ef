"""Names in configs are the text that stands there, whatever YAML makes of it."""

from __future__ import annotations

import string
from datetime import date

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from p300.arguments import parse_options
from p300.commands.starting_config import _flow
from p300.errors import ConfigError
from p300.recordings import Layout
from p300.runs.config import parse_experiment
from p300.yaml_text import read_yaml

ODD = ["56789_", "0123", "007", "1_0", "1:30", "1e5", "1.0e+5", "0x1F", ".5", ".inf", ".nan", "=",
       "NO", "Yes", "on", "null", "~", "2020-01-01", "<<", "+1", "1."]  # fmt: skip
LISTS = ("layout", "subjects", "electrodes", "drop", "target", "nontarget")


@pytest.mark.parametrize("key", LISTS)
def test_lists_of_names_are_text(key):
    flow = f"[{', '.join(ODD)}]"
    block = "".join(f"\n    - {name}" for name in ODD)
    assert read_yaml(f"{key}: {flow}", "x") == {key: ODD}
    assert read_yaml(f"a:\n- b:\n    {key}:{block}", "x") == {"a": [{"b": {key: ODD}}]}
    assert parse_options([f"{key}={flow}"]) == {key: ODD}
    assert read_yaml(f"{key}: [[{ODD[0]}, 1], [{ODD[1]}]]", "x") == {key: [[ODD[0], "1"], [ODD[1]]]}
    assert read_yaml(f"{key}: null", "x") == {key: None}
    assert parse_options([f"{key}="]) == {key: None}


def test_other_keys_are_what_yaml_says():
    text = "a: [1_0, 0x10, NO, 2020-01-01]\nlayout: &x [010]\nseed: 010\nb: {<<: {c: 1}, d: *x}"
    assert read_yaml(text, "x") == {
        "a": [10, 16, False, date(2020, 1, 1)],
        "layout": ["010"],
        "seed": 8,
        "b": {"c": 1, "d": [8]},
    }
    assert read_yaml("[1_0]", "x", ["seed"]) == [10]
    with pytest.raises(ConfigError, match="unhashable key"):
        read_yaml("? [1, 2]\n: 3", "x")


def test_subjects_of_a_config_and_of_an_override():
    text = "datasets: {a: [{source: xdf, path: x, subjects: [007, 010, 1e3]}]}"
    text += "\ndistinct_subjects: [[3, 03]]"
    experiment = parse_experiment(text)
    assert experiment.datasets["a"][0].subjects == ("007", "010", "1e3")
    assert experiment.distinct_subjects == (("3", "03"),)
    (source,) = parse_experiment(text, ["datasets.a.0.subjects=[012]"]).datasets["a"]
    assert source.subjects == ("012",)
    row = ["datasets.a.0.layout=[AB, CD]", "datasets.a.0.layout.1=1_"]
    (source,) = parse_experiment(text, row).datasets["a"]
    assert source.options == {"layout": ["AB", "1_"]}


def is_plain(row: str) -> bool:
    """Return whether YAML allows a row to be written without quotes."""
    try:
        node = yaml.compose(f"a: [{row}, x]").value[0][1].value[0]
        block = yaml.compose(f"a:\n- {row}").value[0][1].value[0]
    except yaml.YAMLError:
        return False
    return node.value == block.value == row


symbols = st.lists(
    st.sampled_from(string.ascii_uppercase + string.digits + "_.-"),
    min_size=36, max_size=36, unique=True,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(symbols)
def test_a_layout_written_plainly_has_its_symbols(cells):
    rows = ["".join(cells[k : k + 6]) for k in range(0, 36, 6)]
    assume(all(map(is_plain, rows)))
    flow, block = ", ".join(rows), "".join(f"\n      - {row}" for row in rows)
    for written in (f" [{flow}]", block):
        text = f"datasets:\n  a:\n    source: xdf\n    path: x\n    layout:{written}"
        experiment = parse_experiment(text)
        (source,) = experiment.datasets["a"]
        assert Layout.row_column(source.options["layout"]).symbols == tuple(cells)
        assert parse_experiment(experiment.to_yaml()) == experiment
    assert parse_options([f"layout=[{flow}]"])["layout"] == rows


@given(st.lists(st.sampled_from(ODD) | st.text("0123456789_:.eE+-~xNOYES ", min_size=1)))
def test_what_init_writes_is_read_back(names):
    for key in LISTS:
        assert read_yaml(f"{key}: {_flow(names)}", "x") == {key: names}


@pytest.mark.parametrize("grown", ["[{0}, {0}, {0}, {0}, {0}, {0}, {0}]", "{{a: {0}, b: {0}}}"])
def test_text_that_stands_for_very_many_values_is_refused(grown):
    levels = 7 if grown[0] == "[" else 17
    lines = ["l0: &l0 [x]"]
    lines += [f"l{k}: &l{k} {grown.format(f'*l{k - 1}')}" for k in range(1, levels + 1)]
    with pytest.raises(ConfigError, match="stands for more than 100,000 values"):
        read_yaml("\n".join(lines), "x.yaml")
    assert len(read_yaml("\n".join(lines[:4]), "x.yaml")) == 4
