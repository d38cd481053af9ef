from __future__ import annotations

import html
from dataclasses import replace

import numpy as np
import pytest
from own_recordings import save_with_table, study
from studies import make_recording

from p300.commands.finding import FoundData
from p300.commands.inspect_recording import (
    grand_average,
    inspect_data,
    inspect_recording,
    write_inspected,
)
from p300.commands.inspected_tables import electrodes_table, flashing_table, remarks
from p300.commands.survey import find_one
from p300.commands.terminal_recordings import print_inspected
from p300.errors import DataWarning, RecordingError


@pytest.fixture(scope="module")
def inspected():
    return [inspect_recording(make_recording("1", run)) for run in ("1", "2")]


def test_a_recording_is_described(inspected):
    one = inspected[0]
    assert one.name == "made/sub-1/ses-1/run-1"
    assert one.sfreq == 240.0
    assert one.layout.shape == (6, 6)
    assert one.flashing.n_characters == 4
    assert one.flashing.usual == pytest.approx(42 / 240)
    assert list(one.electrodes["electrode"]) == ["Fz", "Cz", "Pz", "Oz"]
    assert one.responses.times[0] == pytest.approx(-0.2, abs=0.01)


def test_recordings_of_unlike_amplitude_are_standardised(inspected):
    assert grand_average(inspected).unit == "V"
    first, second = inspected
    louder = replace(second.responses, scale=30 * second.responses.scale)
    average = grand_average([first, replace(second, responses=louder)])
    assert average.unit == "SD"
    np.testing.assert_allclose(average.r_squared, grand_average(inspected).r_squared)


def test_another_rate_is_left_out_by_name(inspected):
    other = inspect_recording(make_recording("7", sfreq=250.0))
    with pytest.warns(DataWarning, match="made/sub-7/ses-1/run-1 have another rate"):
        average = grand_average([*inspected, other])
    assert average.n_recordings == 2


def test_recordings_without_a_common_electrode_have_no_grand_average(inspected):
    other = inspect_recording(make_recording("7", electrodes=["C3", "C4", "P3"]))
    message = r"no electrode is common .*sub-7/ses-1/run-1: C3, C4, P3\).*inspect them on their own"
    with pytest.raises(RecordingError, match=message):
        grand_average([*inspected, other])


@pytest.mark.parametrize("n_electrodes", [4, 30])
def test_the_figure_is_written_whole(tmp_path, n_electrodes):
    import mne
    from PIL import Image

    from p300.recordings.montage import standard_montage

    with mne.use_log_level("error"):
        names = standard_montage().ch_names[:n_electrodes]
    one = inspect_recording(make_recording(electrodes=names))
    folder = tmp_path / "figures"
    page = write_inspected([one], grand_average([one]), folder, "a $title$")
    assert page == folder / "inspect.html"
    with Image.open(folder / "inspect.png") as image:
        assert image.width > 1200
    assert {path.name for path in folder.iterdir()} == {"inspect.png", "inspect.html"}


def test_without_targets_only_the_timing_is_drawn(tmp_path, inspected):
    unknown = [replace(one, responses=None) for one in inspected]
    assert grand_average(unknown) is None
    page = write_inspected(unknown, None, tmp_path, "x").read_text(encoding="utf-8")
    assert "No targets are known: no averages, no separability." in page
    assert "Signed r²" not in page
    assert (tmp_path / "inspect.png").stat().st_size > 5000


def test_the_page_holds_what_the_terminal_says(tmp_path, inspected, capsys):
    faulty = inspected[0].electrodes.assign(faults=["flat", "", "", ""])
    inspected = [replace(inspected[0], electrodes=faulty), inspected[1]]
    average = grand_average(inspected)
    page = write_inspected(inspected, average, tmp_path, "x").read_text(encoding="utf-8")
    print_inspected(inspected, average)
    shown = " ".join(capsys.readouterr().out.split())
    for table in (flashing_table(inspected), electrodes_table(inspected)):
        for row in table.rows:
            assert all(html.escape(cell) in page for cell in row.cells)
    assert remarks(inspected) == ["Bad electrodes: Fz (flat in 1 of 2)"]
    for line in remarks(inspected):
        assert html.escape(line) in page
        assert line[:30] in shown
    peak = int(np.abs(average.r_squared[average.best_electrodes(1)[0]]).argmax())
    assert f"at {1e3 * average.times[peak]:.0f} ms" in page


def test_a_folder_is_inspected_one_by_one(tmp_path):
    for recording in study(2):
        name = f"sub-{recording.subject}_raw.fif"
        save_with_table(recording, tmp_path / name, ["sample", "target", "code"])
    steps = []
    found = inspect_data(find_one(tmp_path), lambda *step: steps.append(step))
    assert [one.name.split("/")[1] for one in found] == ["sub-1", "sub-2"]
    assert len(steps) == 2


def test_damaged_files_are_errors(tmp_path):
    (tmp_path / "x.fif").write_bytes(b"nothing")
    with pytest.raises(RecordingError, match=r"x\.fif"):
        inspect_data(FoundData("x", tmp_path, "flash_table", {}))
