"""An experiment: the schema of configs/*.yaml, how it is read, overridden and written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import to_jsonable_python

from p300.arguments import as_key, did_you_mean, shown
from p300.errors import ConfigError, P300Error
from p300.files import read_bytes
from p300.ranges import Seed, Size
from p300.runs.shipped_configs import find_config, not_found
from p300.runs.spelling import Spelling
from p300.signal.preprocessing import Preprocessing
from p300.yaml_text import read_yaml

if TYPE_CHECKING:
    from p300.evaluation.method import Method

LARGEST_CONFIG = 2**20
"""Bytes of a file."""


def _check_name(name: str) -> str:
    if name in ("", ".", "..") or re.search(r"[/\\]", name) or not name.isprintable():
        raise ValueError(
            "it names files, so expected is a name other than '.' and '..', without '/', '\\' and "
            "control or other characters that cannot be printed"
        )
    return name


Name = Annotated[str, AfterValidator(_check_name)]
"""Of a data set or detector: part of the names of files."""

LABEL = {"type": ["string", "integer"]}
"""JSON schema of a subject's label, which a config may write as a number."""


def _check_distinct(labels: Any) -> Any:
    found = [str(label) for label in labels] if isinstance(labels, list | tuple) else labels
    if isinstance(found, list) and len(set(found)) < max(2, len(found)):
        raise ValueError("expected two or more different labels")
    return found


DistinctSubjects = Annotated[
    tuple[str, ...],
    BeforeValidator(_check_distinct),
    WithJsonSchema({"type": "array", "items": LABEL, "minItems": 2, "uniqueItems": True}),
]
"""Labels of one data set that are different people."""


class Source(BaseModel):
    """Where recordings come from; any further key is an option of the source's loader."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)

    source: str
    """Name of the source, see ``p300 datasets``."""
    path: str | None = None
    """File or folder, seen from the data folder (``--data`` or ``P300_DATA``)."""
    subjects: Annotated[
        tuple[str, ...] | None, WithJsonSchema({"type": ["array", "null"], "items": LABEL})
    ] = None
    """Subjects wanted; None for all."""

    @field_validator("subjects", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return [str(v) for v in value] if isinstance(value, list) else value

    @property
    def options(self) -> dict[str, Any]:
        """The options of the loader."""
        return dict(self.model_extra or {})


class Experiment(BaseModel):
    """What is run: data, preprocessing, detectors, protocols, seeds."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: Name
    """Names the run folder; by default the config file's name."""
    description: str = ""
    """One sentence for the report."""
    seed: Seed = 2011
    """Everything random follows from it."""
    repeats: Size = 1
    """How often each fold is fitted, each time with another seed; subjects' figures are averaged
    over them."""
    datasets: dict[Name, tuple[Source, ...]] = Field(min_length=1)
    """Data set name -> its sources; the subjects of all sources of a data set belong together."""
    distinct_subjects: tuple[DistinctSubjects, ...] = ()
    """Groups of labels, such as ``["3", "03"]``, that are different people although they differ by
    leading zeros or case only; without it such labels are refused."""
    preprocessing: Preprocessing = Preprocessing()
    """From recordings to epochs."""
    detectors: dict[Name, dict[str, Any]] = Field(
        default={"cnn1": {}, "slda": {}}, min_length=1, validate_default=True
    )
    """Name in the report -> parameters, see :meth:`p300.evaluation.method.Method.read`. They are
    resolved when they are read: all parameters stand here, those left to defaults too."""
    protocols: dict[str, dict[str, Any]] = Field(
        default={"within_subject": {}, "cross_subject": {}}, min_length=1
    )
    """Protocol -> its options; the key ``detectors`` names those that it tests, else all."""
    spelling: Spelling = Spelling()
    """How characters are spelled, for data sets with a layout and flash codes."""

    @field_validator("detectors", "protocols", mode="before")
    @classmethod
    def _empty_means_defaults(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: {} if inner is None else inner for key, inner in value.items()}
        return value

    @field_validator("detectors")
    @classmethod
    def _resolve(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        from p300.evaluation.method import Method

        return {label: Method.read(label, given).settings() for label, given in value.items()}

    @field_validator("datasets", mode="before")
    @classmethod
    def _one_source_needs_no_list(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: [inner] if isinstance(inner, dict) else inner for key, inner in value.items()
            }
        return value

    def to_yaml(self) -> str:
        """Write the resolved experiment; :func:`parse_experiment` reads it back."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)

    def protocol_call(self, name: str) -> tuple[list[str], dict[str, Any]]:
        """Return the labels of the detectors that a protocol tests, and its options."""
        options = dict(self.protocols[name])
        labels = options.pop("detectors", None)
        if labels is None:
            return list(self.detectors), options
        if not (isinstance(labels, list) and labels and all(isinstance(k, str) for k in labels)):
            raise ConfigError(
                f"protocols.{name}.detectors: {shown(labels)} found, expected a list of names of "
                "detectors; leave it out for all"
            )
        return list(labels), options

    @cached_property
    def methods(self) -> dict[str, Method]:
        """Label of a detector -> the detector with its alignment and its adaptation."""
        from p300.evaluation.method import Method

        return {label: Method.read(label, own) for label, own in self.detectors.items()}


def load_experiment(path: str | Path | None, overrides: Sequence[str] = ()) -> Experiment:
    """Read an experiment and check every key, value and name in it.

    Parameters
    ----------
    path
        YAML file; as text, also the name of a config that comes with the package (``p300
        configs``); None for the quickstart.
    overrides
        ``key.key=value`` each, value in YAML, applied on top.

    Raises
    ------
    ConfigError
        Naming the file, the key, what was found and the nearest key that exists.
    """
    file = find_config(path)
    try:
        text = read_bytes(file, LARGEST_CONFIG).decode("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(not_found(file)) from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from error
    return parse_experiment(text, overrides, str(file), file.stem)


def parse_experiment(
    text: str, overrides: Sequence[str] = (), where: str = "config", name: str = "experiment"
) -> Experiment:
    """Parse an experiment from YAML text.

    Parameters
    ----------
    text
        The YAML.
    overrides
        As in :func:`load_experiment`, which also tells what is raised.
    where
        What messages call the text.
    name
        Name of the experiment where the text gives none.
    """
    content = read_yaml(text, where)
    content = {} if content is None else content
    if not isinstance(content, dict):
        raise ConfigError(f"{where}: {type(content).__name__} found, expected keys and values")
    content = {"name": name, **content}
    _describe_changes(content, [given for given in overrides if _override(content, given)])
    try:
        experiment = Experiment.model_validate(content)
        _check_names(experiment)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(e, where) for e in error.errors())) from error
    except P300Error as error:
        raise ConfigError(f"{where}: {error}") from error
    return experiment


def _describe_changes(content: dict[str, Any], overrides: Sequence[str]) -> None:
    """Add to the description, which tells of the config as it was, what was changed in it."""
    changed = dict.fromkeys(override.partition("=")[0].strip() for override in overrides)
    described = content.get("description")
    changed.pop("name", None)
    if changed and "description" not in changed and isinstance(described, str):
        content["description"] = f"{described} Changed for this run: {', '.join(changed)}.".strip()


def _override(content: dict[str, Any], override: str) -> bool:
    """Apply one ``key.key=value``; a key of a list is a position in it.

    Returns whether it says something else than the config did.
    """
    before = deepcopy(content)
    path, equals, text = override.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise ConfigError(f"--set {override!r}: expected KEY.KEY=VALUE")
    value = read_yaml(text, f"--set {path.strip()}", keys)
    # A key that the config leaves out starts from the defaults, so that one of them can change.
    if keys[0] not in content and keys[0] in Experiment.model_fields and len(keys) > 1:
        content[keys[0]] = _default(keys[0])
    inner: Any = content
    try:
        for key in keys[:-1]:
            if isinstance(inner, dict) and inner.get(key) is None:
                inner[key] = {}
            inner = inner[int(key)] if isinstance(inner, list) else inner[key]
        inner[int(keys[-1]) if isinstance(inner, list) else keys[-1]] = value
    except (TypeError, ValueError, IndexError) as error:
        raise ConfigError(f"--set {override!r}: {inner!r} has no key {key!r}") from error
    return content != before


def _default(key: str) -> Any:
    """Return the default of a key of the experiment, as a config would give it."""
    field = Experiment.model_fields[key]
    if field.is_required():
        return {}
    return to_jsonable_python(field.get_default(call_default_factory=True))


def _explain(error: Any, where: str) -> str:
    """Say in one line what pydantic, or one of ours within it, found wrong."""
    if isinstance(ours := error.get("ctx", {}).get("error"), P300Error):
        return f"{where}: {ours}"
    location = [as_key(part) for part in error["loc"] if part != "[key]"]
    key = ".".join(location)
    if error["type"] == "extra_forbidden":
        parts: dict[str, type[BaseModel]] = {"preprocessing": Preprocessing, "spelling": Spelling}
        fields = parts.get(location[0], Experiment) if location[1:] else Experiment
        hint = did_you_mean(location[-1], fields.model_fields)
        return f"{where}: unknown key {key!r}{hint} There are: {', '.join(fields.model_fields)}"
    if error["type"] == "missing":
        return (
            f"{where}: {key!r} is missing; name the recordings, such as "
            "'datasets: {mine: {source: bids, path: my/folder}}' (`p300 init FOLDER` writes it)"
        )
    found = error.get("input")
    kind = type(found).__name__
    return f"{where}: {key or 'config'}: {shown(found)} ({kind}) found: {error['msg']}"


def _check_names(experiment: Experiment) -> None:
    """Check the sources' options and the protocols against their registries."""
    from p300.evaluation.protocols import check_protocol
    from p300.recordings.registry import check_options

    for sources in experiment.datasets.values():
        for source in sources:
            check_options(source.source, source.options)
    for name in experiment.protocols:
        labels, options = experiment.protocol_call(name)
        check_protocol(name, options)
        for label in labels:
            if label not in experiment.detectors:
                raise ConfigError(
                    f"protocols.{name}.detectors: {label!r} is not among the detectors"
                    f"{did_you_mean(label, experiment.detectors)}"
                )
