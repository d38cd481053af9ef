from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made_runs import ELECTRODES
from PIL import Image, ImageChops
from test_startup import run_refusing

from p300.errors import RunError, RunWarning
from p300.evaluation.metrics import METRICS, Metric
from p300.recordings.montage import standard_positions
from p300.report import compare_runs, write_comparison, write_report
from p300.report import report as report_module
from p300.report.page import picture
from p300.report.style import panels, title

MEASURED = [name for name, metric in METRICS.items() if metric.measure]
SECTIONS = [
    "Summary", "What was run", "What is what", "Subjects", "Detectors compared", "ROC curves",
    "Calibration", "Responses to flashes", "Spatial patterns", "What the network sees", "Training",
    "Limitations", "Recordings", "Warnings", "Methods, to paste", "References", "Reproducibility",
]  # fmt: skip
FIGURES = {
    "auc_by_subject", "roc", "calibration", "training", "grand_average_bnci2015-003",
    "patterns_bnci2015-003_cnn1", "electrodes_bnci2015-003", "topographies_bnci2015-003",
}  # fmt: skip


class _Page(HTMLParser):
    """Collects headings, table rows, attributes and tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.values: list[str] = []
        self.headings: list[str] = []
        self.rows: list[tuple[str, ...]] = []
        self._cells: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        self.values += [value or "" for _, value in attrs]
        if tag in ("td", "th", "h2"):
            self._cells.append("")
        if tag == "tr":
            self._cells = []

    def handle_data(self, data: str) -> None:
        if self._cells:
            self._cells[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "tr":
            self.rows.append(tuple(cell.strip() for cell in self._cells))
        if tag == "h2":
            self.headings.append(self._cells[-1])
        if tag in ("tr", "h2"):
            self._cells = []


@pytest.fixture(scope="session")
def report(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = shutil.copytree(finished_run, tmp_path_factory.mktemp("reported") / "run")
    return write_report(run)


@pytest.fixture(scope="session")
def page(report: Path) -> str:
    return report.read_text(encoding="utf-8")


def test_all_sections_are_there_and_linked(page: str) -> None:
    parsed = _Page(page)
    assert parsed.headings == SECTIONS
    anchors = [link for link in parsed.links if link.startswith("#")]
    assert len(anchors) == len(SECTIONS)
    assert all(f'id="{anchor[1:]}"' in page for anchor in anchors)


def test_numbers_are_those_of_the_metrics(page: str, finished_run: Path) -> None:
    rows = set(_Page(page).rows)
    metrics = pd.DataFrame(json.loads((finished_run / "metrics.json").read_text())["rows"])
    for (_, detector, subject), group in metrics.groupby(["protocol", "detector", "subject"]):
        value = group.set_index("metric")["value"]
        shown = tuple(f"{value[name]:.3f}" for name in MEASURED)
        assert len(shown) == 8
        assert ("mean of 3" if subject == "mean" else subject, *shown) in rows, detector
    means = metrics[(metrics["metric"] == "roc_auc") & (metrics["subject"] == "mean")]
    for detector, group in means.groupby("detector"):
        assert (detector, *(f"{value:.3f}" for value in group["value"])) in rows


def test_best_subject_comes_first(page: str) -> None:
    rows = [row for row in _Page(page).rows if len(row) == 1 + len(MEASURED)]
    subjects = [row[0] for row in rows if row[0] in ("3", "4", "5")]
    # The made-up subjects are ever harder; two protocols, two detectors.
    assert subjects == ["3", "4", "5"] * 4


def test_page_needs_nothing_else(page: str) -> None:
    parsed = _Page(page)
    kinds = ("image/png", "application/pdf", "text/csv;charset=utf-8")
    starts = ("#", *(f"data:{kind};base64," for kind in kinds))
    assert all(link.startswith(starts) for link in parsed.links)
    assert not {"link", "iframe", "object", "embed"} & set(parsed.tags)
    assert parsed.tags.count("script") == 1
    assert not any(re.search(r"https?://", value) for value in parsed.values)
    assert not re.search(r"@import|url\(", page)
    assert len(page) < 5e6


def test_figures_are_also_files(page: str, report: Path) -> None:
    assert report.name == "report.html"
    files = sorted((report.parent / "figures").iterdir())
    assert {file.name for file in files} == {f"{n}.{k}" for n in FIGURES for k in ("png", "pdf")}
    begins = {".png": b"\x89PNG", ".pdf": b"%PDF"}
    assert all(file.read_bytes().startswith(begins[file.suffix]) for file in files)
    assert _Page(page).tags.count("img") == len(FIGURES)


def test_data_and_method_are_told_in_words(page: str) -> None:
    for text in (
        "3 subjects, 6 recordings", "8 electrodes: Fz, Cz, P3", "1,440 flashes, 16.7 %",
        "Bandpass 0.1–20 Hz, Butterworth of order 4", "from 0 to 650 ms",
        "Leave one subject out", "31,092 free parameters", "max_passes 100", "A made-up study.",
    ):  # fmt: skip
        assert text in page


def test_warnings_and_provenance_are_told(page: str) -> None:
    rows = _Page(page).rows
    where = "cnn1, within_subject, bnci2015_003"
    assert (where, "the loss was still falling", "2") in rows
    data = "bnci2015_003/sub-3/ses-1/run-2: electrodes ['P4'] are flat"
    assert ("data", data, "1") in rows
    source = ("bnci2015_003/sub-3/ses-1/run-1", "…/s3.mat", "0123456789ab")
    assert source in rows
    assert "numpy 2.1.0" in page
    assert "filter_order: 4" in page


def test_names_from_outside_are_escaped(build_run: Callable[..., Path]) -> None:
    hostile = "<script>alert('$1')</script>"
    run = build_run(
        subjects=[hostile, "../../s2"],
        detectors=["cnn1", "$\\frac{<img src=x>$"],
        protocols=["cross_subject"],
        datasets=["../<b>data</b>"],
    )
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["warnings"] = [hostile]
    manifest["packages"] = {hostile: hostile}
    (run / "manifest.json").write_text(json.dumps(manifest))
    config = (run / "config.yaml").read_text()
    told = config.replace("A made-up study.", f'"</pre>{hostile}"')
    assert hostile in told
    (run / "config.yaml").write_text(told)
    text = write_report(run).read_text(encoding="utf-8")
    parsed = _Page(text)
    assert "b" not in parsed.tags
    assert parsed.tags.count("script") == 1
    assert text.count("alert(") == text.count("alert(&#39;")
    assert all(link.startswith(("#", "data:")) for link in parsed.links)
    assert "&lt;script&gt;" in text
    outside = [path.name for path in run.parent.iterdir()]
    assert outside == [run.name]
    assert all(re.fullmatch(r"[a-z0-9_-]+\.(png|pdf)", p.name) for p in (run / "figures").iterdir())


def test_sections_without_their_files_say_so(own_run: Path) -> None:
    (own_run / "averages.parquet").unlink()
    for fit in (own_run / "fits").iterdir():
        fit.unlink()
    with pytest.warns(RunWarning, match="no record of how 18 of 18 folds were fitted"):
        text = write_report(own_run).read_text(encoding="utf-8")
    assert _Page(text).headings == [name for name in SECTIONS if name != "What the network sees"]
    assert "Left out: averages.parquet is not in the run folder." in text
    assert "Left out: no detector of this run has spatial filters." in text
    assert "Left out: no detector of this run learns in passes." in text


def test_electrodes_without_positions_are_not_mapped(own_run: Path) -> None:
    unnamed = dict(zip(ELECTRODES, [f"EEG{k}" for k in range(len(ELECTRODES))], strict=True))
    averages = pd.read_parquet(own_run / "averages.parquet")
    averages["electrode"] = averages["electrode"].map(unnamed)
    averages.to_parquet(own_run / "averages.parquet", index=False)
    for file in (own_run / "fits").iterdir():
        fit = json.loads(file.read_text())
        fit["electrodes"] = [unnamed[name] for name in fit["electrodes"]]
        file.write_text(json.dumps(fit))
    text = write_report(own_run).read_text(encoding="utf-8")
    assert text.count("No scalp map: the recordings do not tell where EEG0, EEG1") == 3
    figures = {file.name.split("_")[0] for file in (own_run / "figures").iterdir()}
    assert "grand" in figures
    assert not figures & {"patterns", "electrodes"}


def test_electrodes_are_mapped_where_the_recordings_place_them(own_run: Path) -> None:
    def figures(positions: object) -> dict[str, bytes]:
        file = own_run / "epochs" / "bnci2015_003" / "epochs.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"layouts": {}, "positions": positions}))
        shutil.rmtree(own_run / "figures", ignore_errors=True)
        write_report(own_run)
        return {file.stem: file.read_bytes() for file in (own_run / "figures").glob("*.png")}

    known = {name: standard_positions()[name] for name in ELECTRODES}
    turned = {name: (-x, -y, z) for name, (x, y, z) in known.items()}
    by_name, as_known, elsewhere = figures(None), figures(known), figures(turned)
    maps = [name for name in by_name if name.startswith(("patterns", "electrodes", "saliency"))]
    assert maps
    for name in maps:
        assert by_name[name] == as_known[name] != elsewhere[name]
    nowhere = figures({})
    assert not any(name.startswith(("patterns", "electrodes")) for name in nowhere)
    with pytest.raises(RunError, match=r"epochs\.json"):
        figures({"Fz": [1, "x", 2]})


def test_five_subjects_have_no_interval_and_the_page_says_so(
    build_run: Callable[..., Path],
) -> None:
    run = build_run(
        subjects=list("12345"), detectors=["slda"], protocols=["within_subject"], datasets=["one"]
    )
    page = write_report(run).read_text(encoding="utf-8")
    rows = _Page(page).rows
    assert ("95 % interval: none below 6 subjects", *["–"] * 8) in rows
    assert any(re.fullmatch(r"0\.\d{3}", row[1]) for row in rows if row[0] == "slda")
    assert "Mean ROC-AUC over subjects (no interval below 6 subjects)" in page
    assert "mean over 5 subjects (no 95 % interval below 6 subjects)" in page


def test_six_subjects_have_the_interval_of_the_metrics(build_run: Callable[..., Path]) -> None:
    run = build_run(
        subjects=list("123456"), detectors=["slda"], protocols=["within_subject"], datasets=["one"]
    )
    page = write_report(run).read_text(encoding="utf-8")
    metrics = pd.DataFrame(json.loads((run / "metrics.json").read_text())["rows"])
    row = metrics.query("metric == 'roc_auc' and subject == 'mean'").iloc[0]
    ends = f"{row['low']:.3f}–{row['high']:.3f}"
    rows = _Page(page).rows
    assert ("slda", f"{row['value']:.3f} ({ends})") in rows
    assert any(cells[:2] == ("95 % interval", ends) for cells in rows)
    assert "Mean ROC-AUC over subjects (95 % interval over subjects)" in page
    assert "mean over 6 subjects with its 95 % interval" in page


def test_a_metric_is_one_record(
    build_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def misses(target: Any, score: Any, threshold: Any) -> float:
        return float(((score <= threshold) & (target == 1)).sum())

    record = Metric("misses", "Missed targets", misses, smaller_is_better=True, short="Missed")
    monkeypatch.setitem(METRICS, "misses", record)
    run = build_run(
        subjects=["1", "2"], detectors=["a", "b"], protocols=["within_subject"], datasets=["one"]
    )
    page = write_report(run).read_text(encoding="utf-8")
    assert ("Subject", *(m.heading for m in METRICS.values() if m.measure)) in _Page(page).rows
    assert "Better when smaller: Log loss, ECE, Missed." in page
    comparison = compare_runs([run], "misses")
    compared = write_comparison(comparison, run / "compared.html").read_text(encoding="utf-8")
    assert "Missed targets: differences between detectors" in compared
    assert "larger, which is worse" in compared


def test_several_data_sets_and_seeds(build_run: Callable[..., Path]) -> None:
    run = build_run(
        subjects=["1", "2", "3"],
        detectors=["slda"],
        protocols=["within_subject", "cross_subject"],
        datasets=["one", "two"],
        repeats=2,
    )
    text = write_report(run).read_text(encoding="utf-8")
    assert "fitted 2 times, each with its own seed" in text
    assert "6 subjects of one, two" in text
    assert "2,880 flashes in each protocol" in text


@pytest.mark.parametrize("name", ["config.yaml", "manifest.json", "metrics.json", "scores.parquet"])
def test_an_unfinished_run_is_refused(own_run: Path, name: str) -> None:
    (own_run / name).unlink()
    with pytest.raises(RunError, match="not a finished run folder") as caught:
        write_report(own_run)
    message = str(caught.value)
    assert str(own_run) in message
    assert f"missing {name}" in message
    assert "p300 run" in message
    assert not (own_run / "figures").exists()


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="found nothing"):
        write_report(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("metrics.json", b'{"rows": [', "damaged"),
        ("metrics.json", b"[]", "list found"),
        ("metrics.json", b'{"rows": []}', "0 rows"),
        ("metrics.json", b'{"rows": [{"dataset": "x"}]}', "columns"),
        ("manifest.json", b"\xff\xfe", "damaged"),
        ("scores.parquet", b"PAR1 cut off", "damaged"),
        ("averages.parquet", b"", "damaged"),
        ("config.yaml", b"name: [", "not valid YAML"),
        ("config.yaml", b"just text", "str found"),
        ("config.yaml", b"name: x\ndetectors: [1]", "detectors"),
        ("fits/000.json", b"{}", "id: nothing found"),
    ],
)
def test_a_damaged_file_is_named(own_run: Path, name: str, content: bytes, problem: str) -> None:
    for fit in (own_run / "fits").iterdir():
        fit.unlink()
    (own_run / name).write_bytes(content)
    with pytest.raises(RunError, match=problem) as caught:
        write_report(own_run)
    assert name.split("/")[0] in str(caught.value)


def test_scores_without_targets_are_refused(own_run: Path) -> None:
    scores = pd.read_parquet(own_run / "scores.parquet").astype({"target": "boolean"})
    scores.loc[0, "target"] = pd.NA
    scores.to_parquet(own_run / "scores.parquet")
    with pytest.raises(RunError, match="column target: nothing in row 0 found"):
        write_report(own_run)


def test_an_old_report_stays_when_a_new_one_fails(
    own_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = own_run / "report.html"
    report.write_text("old")

    def write_half(self: Path, text: str, encoding: str) -> int:
        with self.open("w", encoding=encoding) as stream:
            stream.write(text[:1000])
        raise OSError("disk full")

    monkeypatch.setattr(report_module, "SECTIONS", report_module.SECTIONS[:1])
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", write_half)
        with pytest.raises(OSError, match="disk full"):
            write_report(own_run)
    assert report.read_text() == "old"
    assert not list(own_run.glob("*tmp*"))
    write_report(own_run)
    assert report.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_the_same_run_gives_the_same_report(page: str, own_run: Path) -> None:
    assert write_report(own_run).read_text(encoding="utf-8") == page


def test_a_page_needs_no_scikit_learn(own_run, tmp_path):
    code = (
        "from pathlib import Path\nfrom p300.report import write_report\n"
        f"write_report(Path({str(own_run)!r}))"
    )
    run_refusing(code, {"torch", "sklearn"}, tmp_path)


def test_a_picture_is_what_matplotlib_saves(tmp_path):
    def drawn():
        figure, axes = panels(1, 2, width=3, height=2)
        axes[0][0].plot([0, 1], [1, 0])
        title(axes[0][1], "a name", "a detail")
        return figure

    drawn().savefig(tmp_path / "saved.png", dpi=140)
    with (
        Image.open(tmp_path / "saved.png") as saved,
        Image.open(io.BytesIO(picture("x", drawn(), "").png)) as ours,
    ):
        few = saved.convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=0)
        assert not ImageChops.difference(few.convert("RGB"), ours.convert("RGB")).getbbox()
