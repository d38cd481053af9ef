"""What breaks the promises about a start from nobody's data."""

from __future__ import annotations

from mutant import Mutant

EVIDENCE = ("tests/adaptation/test_symbol_evidence.py",)
STARTED = ("tests/adaptation/test_self_start.py",)
STORED = ("tests/adaptation/test_starting.py",)
ONLINE_STARTED = ("tests/online/test_session_started.py",)

SELF_START = (
    Mutant(
        "evidence counts what the means may be besides",
        "adaptation/symbol_evidence.py",
        "    spread = 1 + told\n",
        "    spread = 1 + 0 * told\n",
        EVIDENCE,
    ),
    Mutant(
        "symbols lit by more flashes have no advantage",
        "adaptation/symbol_evidence.py",
        "    found -= n * np.log(spread)\n",
        "",
        EVIDENCE,
    ),
    Mutant(
        "a character does not confirm itself",
        "adaptation/symbol_evidence.py",
        "            self.forget(character)\n            evidence",
        "            evidence",
        EVIDENCE,
    ),
    Mutant(
        "what is expected counts as its variance says",
        "adaptation/symbol_evidence.py",
        "contrasts.expected / variance, 1 / variance",
        "contrasts.expected, 1.0",
        EVIDENCE,
    ),
    Mutant(
        "a character is scored before it is used",
        "adaptation/self_start.py",
        "    starting.learn(flashes.of(rows).as_first())\n    return ratios",
        "    starting.learn(flashes.of(rows).as_first())\n        "
        "ratios[rows] = starting.ratios(flashes.features[rows])\n    return ratios",
        STARTED,
    ),
    Mutant(
        "others' epochs teach nothing unless asked",
        "adaptation/ways/self_started.py",
        "if not self.others or not len(rows):",
        "if not len(rows):",
        STARTED,
    ),
    Mutant(
        "people who differ count less",
        "adaptation/self_start.py",
        "max(of_people, 0.0) * (1 + 1 / n)",
        "0.0",
        STARTED,
    ),
    Mutant(
        "what is expected is given up where the flashes say the opposite",
        "adaptation/self_start.py",
        "    if lead > REFUTED:",
        "    if False:",
        STARTED,
    ),
    Mutant(
        "the opposite of what is expected is its negative",
        "adaptation/symbol_evidence.py",
        "return replace(self, expected=-self.expected)",
        "return replace(self, expected=self.expected)",
        STARTED,
    ),
    Mutant(
        "a character that is told anew has said nothing twice",
        "adaptation/symbol_evidence.py",
        "        self._total -= self._said[character]\n",
        "",
        EVIDENCE,
    ),
    Mutant(
        "closed characters are those that came first",
        "adaptation/symbol_evidence.py",
        "self._said[:n].sum(axis=0)",
        "self._said[n:].sum(axis=0)",
        EVIDENCE,
    ),
    Mutant(
        "what closed characters have said counts on",
        "adaptation/self_start.py",
        "Prior(None, mean[: contrasts.n_features], variance, prior.structure)",
        "Prior(None, prior.difference, prior.variance, prior.structure)",
        STARTED,
    ),
    Mutant(
        "a session does not grow",
        "adaptation/self_start.py",
        "            self._open = self._open.after(n)\n",
        "",
        STARTED,
    ),
    Mutant(
        "targets of closed characters are counted",
        "adaptation/self_start.py",
        "            self._targets += float(targets[:n].sum())\n",
        "",
        STARTED,
    ),
    Mutant(
        "what was refuted stays so",
        "adaptation/self_start.py",
        "Started(readout, refuted or self.known.refuted)",
        "Started(readout, refuted)",
        STARTED,
    ),
    Mutant(
        "sums are about the mean of the first epochs",
        "adaptation/self_start.py",
        "self._origin = features.mean(axis=0, dtype=np.float64)",
        "self._origin = np.zeros(features.shape[1])",
        STARTED,
    ),
    Mutant(
        "the mean is that of the epochs",
        "adaptation/self_start.py",
        "mean: Floats = self._origin + self._moments.mean",
        "mean: Floats = self._origin",
        STARTED,
    ),
    Mutant(
        "each character is one that comes next",
        "adaptation/starting.py",
        "self._starting.learn(own.as_first())",
        "self._starting.learn(own)",
        ONLINE_STARTED,
    ),
    Mutant(
        "a person whose flashes say the opposite is not trusted",
        "adaptation/starting.py",
        "return not self._starting.known.refuted",
        "return True",
        ONLINE_STARTED,
    ),
    Mutant(
        "a start is stored",
        "commands/stored_detectors.py",
        "if isinstance(result.learned, Transfer | Start):",
        "if isinstance(result.learned, Transfer):",
        STORED,
    ),
    Mutant(
        "an adaptation is read as what it is",
        "adaptation/storage.py",
        "_read_start if name == STORED[Start] else _read_transfer",
        "_read_transfer",
        STORED,
    ),
    Mutant(
        "a start that is stored is tried out",
        "adaptation/storage.py",
        "        _try_start(start, read)\n",
        "",
        STORED,
    ),
    Mutant(
        "what is expected is what the readout says",
        "adaptation/storage.py",
        'if not np.array_equal(arrays["difference"], expected):',
        "if False:",
        STORED,
    ),
    Mutant(
        "what cannot be compared is not taken for refuted",
        "adaptation/self_start.py",
        "    if lead > REFUTED:",
        "    if not lead <= REFUTED:",
        STORED,
    ),
    Mutant(
        "a detector that knows nobody finds no offset",
        "online/offsets.py",
        "if np.allclose(contrast, 0, atol=1e-9):",
        "if False:",
        ("tests/online/test_offsets.py",),
    ),
    Mutant(
        "sums of many features are as precise",
        "adaptation/self_start.py",
        ", most_exact=np.inf)",
        ")",
        STARTED,
    ),
)
