"""Lines of the doors to MNE and to notebooks that carry a promise, for ``mutants.py``."""

from __future__ import annotations

from mutant import Mutant

MNE = (
    Mutant(
        "an event of MNE has the same number whoever it is of",
        "signal/mne_epochs.py",
        "= (codes + 1).fillna(0)",
        "= (codes - codes.min() + 1).fillna(0)",
        ("tests/signal/test_mne_epochs.py",),
    ),
    Mutant(
        "epochs of MNE that are no flashes take their row of X with them",
        "signal/mne_epochs.py",
        "rows.append(own[shown])",
        "rows.append(own[: len(shown)])",
        ("tests/signal/test_mne_epochs.py",),
    ),
    Mutant(
        "nobody is put into a run that was not told",
        "signal/mne_epochs.py",
        "    if missing:",
        "    if len(missing) > 2:",
        ("tests/signal/test_mne_epochs.py",),
    ),
    Mutant(
        "electrodes that MNE marks as bad are left out",
        "signal/mne_epochs.py",
        "for name in eeg if name not in bad)",
        "for name in eeg)",
        ("tests/signal/test_mne_epochs.py",),
    ),
    Mutant(
        "events of a cropped Raw count from where it began",
        "recordings/from_mne.py",
        "- int(raw.first_samp)",
        "- 0",
        ("tests/recordings/test_from_mne.py",),
    ),
    Mutant(
        "somebody's Raw stays as it is",
        "recordings/from_mne.py",
        "channels.keep_eeg(raw.copy(), where, beside)",
        "channels.keep_eeg(raw, where, beside)",
        ("tests/recordings/test_from_mne.py",),
    ),
    Mutant(
        "text that notebooks show is only text",
        "notebooks.py",
        "    return escape(whole",
        "    return (whole",
        ("tests/test_notebooks.py",),
    ),
    Mutant(
        "the single epochs of an image are smoothed within a run",
        "report/response_figures.py",
        "for run in np.unique(runs):",
        "for run in np.unique(runs := 0 * runs):",
        ("tests/report/test_epoch_figures.py",),
    ),
    Mutant(
        "the band of a difference has the errors of both kinds",
        "report/epoch_figures.py",
        "error = np.hypot(one.high - one.mean, other.high - other.mean)",
        "error = one.high - one.mean",
        ("tests/report/test_epoch_figures.py",),
    ),
    Mutant(
        "people of one name in two data sets are two",
        "report/epoch_figures.py",
        'subject=averages["dataset"] + "/" + averages["subject"],',
        'subject=averages["subject"],',
        ("tests/report/test_epoch_figures.py",),
    ),
    Mutant(
        "names of stages are only text in a notebook",
        "runs/progress.py",
        "name = escape(printable(stage))",
        "name = printable(stage)",
        ("tests/runs/test_progress.py",),
    ),
)
