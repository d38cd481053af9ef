"""What breaks the promises about estimators of others and about steps."""

from __future__ import annotations

from mutant import Mutant

ESTIMATORS_TESTS = "tests/detectors/estimators/"
DESCRIBED = (f"{ESTIMATORS_TESTS}test_described.py",)
KEPT = (f"{ESTIMATORS_TESTS}test_stored_estimators.py",)
OWN = (f"{ESTIMATORS_TESTS}test_own_estimators.py",)
STEPS = ("tests/steps/test_steps.py",)

ESTIMATORS = (
    Mutant(
        "a config names nothing of Python's own library",
        "detectors/estimators/places.py",
        'if package in sys.stdlib_module_names or package == "__main__":',
        'if package == "__main__":',
        DESCRIBED,
    ),
    Mutant(
        "what lies in the current folder alone is not run",
        "detectors/estimators/places.py",
        "if here is not None and elsewhere is None:",
        "if here is None and elsewhere is None:",
        DESCRIBED,
    ),
    Mutant(
        "what is no estimator is not called",
        "detectors/estimators/places.py",
        "    if not is_estimator(found):\n",
        "    if not callable(found):\n",
        DESCRIBED,
    ),
    Mutant(
        "values that scikit-learn refuses are told when the config is read",
        "detectors/estimators/described.py",
        "made._validate_params()",
        "pass",
        DESCRIBED,
    ),
    Mutant(
        "a stored detector makes classes of the packages that it names",
        "detectors/estimators/kept.py",
        "not in self._packages:",
        "is None:",
        KEPT,
    ),
    Mutant(
        "a stored detector replaces no method",
        "detectors/estimators/kept.py",
        'name.startswith("__") or hasattr(kind, name):',
        'name.startswith("__"):',
        KEPT,
    ),
    Mutant(
        "what cannot be stored is not left out in silence",
        "detectors/estimators/kept.py",
        "if may_go.get(key, missing) is not value:",
        "if may_go is missing:",
        KEPT,
    ),
    Mutant(
        "what is random follows from the fold's seed",
        "detectors/estimators/calibrated.py",
        'given = {"random_state": self.seed, "electrodes": self.electrodes}',
        'given = {"electrodes": self.electrodes}',
        OWN,
    ),
    Mutant(
        "covariances are of double precision",
        "detectors/estimators/calibrated.py",
        "return X.astype(self.dtype, copy=False)",
        "return X",
        OWN,
    ),
    Mutant(
        "names of labels are predicted",
        "detectors/base.py",
        "self.classes_ = np.array(names)",
        "pass",
        OWN,
    ),
    Mutant(
        "a step takes epochs of the size that it was fitted on",
        "steps/base.py",
        "        if epochs.shape[1:] != self.input_shape_:\n",
        "        if False:\n",
        STEPS,
    ),
)
