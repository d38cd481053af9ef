"""How people name one figure of a run."""

from __future__ import annotations

import pandas as pd
import pytest

from p300.errors import RunError
from p300.evaluation.metric_at import MetricAt

ROWS = pd.DataFrame(
    [
        ("roc_auc", None, None, pd.NA), ("characters", "sum", "fixed", 1),
        ("characters", "sum", "fixed", 5), ("characters", "posterior", "fixed", 5),
        ("characters", "posterior", "dynamic", pd.NA), ("bits_per_minute", "sum", "best", 4),
    ],
    columns=["metric", "rule", "stopping", "repetitions"],
).astype({"repetitions": "Int64"})  # fmt: skip
ROWS = pd.concat([ROWS.assign(decoded="instant"), ROWS[1:5].assign(decoded="post-hoc")])
ROWS = ROWS.reset_index(drop=True)


@pytest.mark.parametrize(
    ("shorthand", "row"),
    [("roc_auc", 0), ("characters@1", 1), ("characters@5", 2), ("characters@5:posterior", 3),
     ("characters@dynamic", 4), ("characters@1:post-hoc", 6), ("characters@5:post-hoc", 7),
     ("characters@5:posterior:post-hoc", 8), ("characters@dynamic:post-hoc", 9)],
)  # fmt: skip
def test_a_shorthand_names_one_figure(shorthand, row):
    figure = MetricAt.parse(shorthand)
    assert figure.rows(ROWS).index.tolist() == [row]
    assert str(figure) == shorthand


@pytest.mark.parametrize("wrong", ["characters@", "characters@five", "characters@5:max",
                                   "characters@:post-hoc", "roc_auc@post-hoc"])  # fmt: skip
def test_a_shorthand_that_says_nothing_is_refused(wrong):
    with pytest.raises(RunError, match="expected a number of repetitions"):
        MetricAt.parse(wrong)


def test_the_nearest_figure_is_named():
    with pytest.raises(RunError, match="did you mean 'characters@5'") as caught:
        MetricAt.parse("character@5").rows(ROWS)
    assert "characters@5:posterior, characters@dynamic" in str(caught.value)
    with pytest.raises(RunError, match="'characters'"):  # after how many repetitions?
        MetricAt.parse("characters").rows(ROWS)
