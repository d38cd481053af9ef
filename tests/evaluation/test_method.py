"""What a detector brings as a method: its alignment and its adaptation."""

from __future__ import annotations

import pytest

from p300 import Method, make_detector
from p300.errors import DetectorError

WRITTEN_OUT = {
    "detector": "slda",
    "alignment": {"method": "euclidean", "mode": "running"},
    "adaptation": "self_calibrated",
}


def test_recommended_stands_for_what_the_documentation_says() -> None:
    written = Method.read("written", WRITTEN_OUT)
    for label, settings in (
        ("recommended", {}),
        ("mine", {"detector": "recommended"}),
    ):
        method = Method.read(label, settings)
        assert method.settings() == written.settings()
        assert (method.name, method.learns_like) == ("slda", written.learns_like)
        assert method.shares
    other = Method.read("recommended", {"n_windows": 20, "alignment": "none"})
    assert other.settings() == {
        **written.settings(),
        "n_windows": 20,
        "alignment": Method.read("slda", {}).settings()["alignment"],
    }


def test_a_detector_alone_is_never_taken_for_the_recommended_one() -> None:
    with pytest.raises(DetectorError, match=r"'recommended' is slda with .* p300\.Method\.read"):
        make_detector("recommended")


def test_a_detector_of_a_script_adapts_as_in_a_config() -> None:
    assert (
        Method.of(make_detector("finetuned")).adaptation == Method.read("finetuned", {}).adaptation
    )
    assert Method.of(make_detector("slda")).adaptation.name == "none"
