"""What a page does not say: means of one, comparisons over one subject, folders."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path

from p300.report import compare_runs, write_comparison, write_report


def test_one_subject_is_neither_averaged_nor_compared(build_run: Callable[..., Path]) -> None:
    run = build_run(
        subjects=["1"], detectors=["cnn1", "slda"], protocols=["within_subject"], datasets=["one"]
    )
    page = write_report(run).read_text(encoding="utf-8")
    assert "<h2>Subjects</h2>" in page
    assert "Detectors compared" not in page
    assert "ROC-AUC of the one subject" in page
    assert "There is one subject, so there is no mean over subjects" in page
    shown = re.sub(r"data:[^\"]+", "", page)
    for text in ("mean of 1", "mean over 1", "Mean ROC-AUC", "highest mean", "Diamonds"):
        assert text not in shown
    compared = write_comparison(compare_runs([run]), run / "compared.html")
    assert "mean of 1" not in compared.read_text(encoding="utf-8")


def test_no_folder_of_the_user_is_named(build_run: Callable[..., Path], tmp_path: Path) -> None:
    run = build_run(
        subjects=["1", "2"], detectors=["cnn1", "slda"], protocols=["cross_subject"],
        datasets=["one"],
    )  # fmt: skip
    manifest = json.loads((run / "manifest.json").read_text())
    for recording in manifest["recordings"]:
        recording["source"] = f"/home/jane doe/eeg/{recording['recording']}.edf"
    manifest["warnings"] = ["/home/jane doe/eeg/one/sub-1/ses-1/run-1.edf: flat; see /opt/x/y.txt"]
    (run / "manifest.json").write_text(json.dumps(manifest))
    config = run / "config.yaml"
    given = "source: simulated\n"
    text = config.read_text().replace(given, f"{given}    path: /home/jane doe/eeg\n")
    assert "jane" in text
    config.write_text(text)
    page = write_report(run).read_text(encoding="utf-8")
    compared = write_comparison(compare_runs([run]), tmp_path / "x.html").read_text("utf-8")
    for text in (page, compared):
        files = [base64.b64decode(part) for part in re.findall(r"csv[^,]+base64,([^\"]+)", text)]
        assert files
        for name in ("jane", "/opt/x", str(tmp_path)):
            assert name not in text
            assert not any(name.encode() in file for file in files)
    assert "…/sub-1/ses-1/run-1.edf: flat; see …/y.txt" in page
