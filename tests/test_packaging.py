"""What a release says of itself: one version, one licence, the same authors everywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import p300

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def settings():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def project(settings):
    return settings["project"]


@pytest.fixture(scope="module")
def citation():
    return yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def versions():
    """Heading of each version of the changelog, newest first: (version, date or empty)."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return re.findall(r"^## ([\w.]+)(?: \((.*)\))?$", text, re.MULTILINE)


def test_the_version_is_said_once(settings, project):
    assert project["dynamic"] == ["version"]
    assert settings["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "p300.__version__"}


def test_the_changelog_goes_by_version(versions):
    assert versions[0] == ("Unreleased", "")
    assert versions[1][0] == p300.__version__
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) for _, date in versions[1:])


def test_the_citation_is_of_this_version(citation, project, versions):
    assert citation["cff-version"] == "1.2.0"
    assert (citation["version"], str(citation["date-released"])) == versions[1]
    assert citation["license"] == project["license"]
    assert citation["authors"] == project["authors"]
    assert citation["keywords"] == project["keywords"]
    assert {"message", "title", "type"} <= set(citation)


def test_the_licence_is_there(project):
    for name in project["license-files"]:
        assert (ROOT / name).read_text(encoding="utf-8").startswith("BSD 3-Clause License")
