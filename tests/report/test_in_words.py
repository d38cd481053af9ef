from __future__ import annotations

from p300.report.in_words import figure_in_words, tables_in_words
from p300.report.page import Row, Table, picture
from p300.report.style import panels, title


def test_a_table_is_read_out() -> None:
    rows = (
        Row(("all",), "head"), Row(("a", "sum", "1", "–")), Row(("", "mean", "2", "3"), "mean"),
    )  # fmt: skip
    table = Table(("Name", "Rule", "x", "y"), rows, "A table", n_text=2)
    assert tables_in_words([table]) == "A table. all: a sum: x 1; a mean: x 2, y 3."
    assert tables_in_words([table], most=1) == "A table. all: and 2 rows more."


def test_a_figure_tells_its_texts_and_lines() -> None:
    figure, ((ax, other),) = panels(1, 2, width=3, height=2, share=False)
    ax.plot([0, 1, 2], [1, 5, -2], label="loss")
    ax.plot([0, 1], [8, 9])
    ax.set(xlabel="Pass", ylabel="Loss", xlim=(0, 2), ylim=(-4, 6))
    title(ax, r"cost \$1", "cross_subject")
    other.imshow([[0, 1], [2, -3]])
    said = figure_in_words(figure)
    assert said.startswith("cost $1, cross_subject; Pass from 0 to 2; Loss from −4 to 6; loss")
    assert "loss from 1 to −2, least −2 at 2, most 5 at 1" in said
    assert "8" not in said.split("loss from")[0]
    assert "largest value −3" in said


def test_a_picture_without_words_has_those_of_its_figure() -> None:
    figure, ((ax,),) = panels(1, 1, width=3, height=2)
    ax.set(xlabel="Time", xlim=(0, 7))
    assert picture("x", figure, "A caption", "said").alt == "said"
    assert "Time from 0 to 7" in picture("x", figure, "A caption").alt
