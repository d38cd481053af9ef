"""The JSON schema of a config, by which editors check and complete what is typed.

Keys and their sentences are those of the models, classes and functions that take them
(:mod:`p300.parameters`), plug-ins included. It refuses what no config may say, and of what a config
may only a number in quotes. What follows from several keys together, such as ``low`` below
``high``, or from the code of an estimator, is checked when the config is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from pydantic import ConfigDict, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_jsonable_python

from p300.adaptation.registry import ADAPTATIONS, adaptation_class, described_settings
from p300.detectors.catalogue import DETECTORS
from p300.detectors.estimators.places import PLACE
from p300.detectors.registry import described_parameters, detector_info
from p300.evaluation.method import GIVEN_BY_FOLD, Method
from p300.evaluation.protocols import PROTOCOLS, described_options
from p300.parameters import Parameter, parameters_of, plain, said_in
from p300.plugins import Registry
from p300.recordings.registry import SOURCES, source_module
from p300.recordings.registry import described_options as described_source
from p300.runs.config import Experiment, Source
from p300.signal.alignment import Alignment

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_NAMES_FILES = {"pattern": r"^(?!\.{1,2}$)[^/\\]+$"}
_OBJECT = {"type": "object"}

_DETECTOR = "Name of the detector, see `p300 detectors`; by default the key of its entry."
_ADAPTATION = "Name of the way to adapt: what the detector may learn from the tested subject."


class _Untitled(GenerateJsonSchema):
    """Leave out titles that say a key's name again."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic passes it
        return False


def config_schema() -> Schema:
    """Return the JSON schema of a config, with what plug-ins of this installation add."""
    whole = _plain_words(Experiment.model_json_schema(schema_generator=_Untitled))
    models = whole.pop("$defs")
    given = models.pop(Source.__name__)["properties"]
    sources = _each(SOURCES, lambda name: _source(name, given))
    adaptations = _each(ADAPTATIONS, _adaptation)
    detectors = _each(DETECTORS, _detector)
    keys = whole["properties"]
    keys["name"] |= _NAMES_FILES
    keys["datasets"] |= {
        "propertyNames": _NAMES_FILES,
        "additionalProperties": {
            "if": {"type": "array"},
            "then": {"items": _ref("source")},
            "else": _ref("source"),
        },
    }
    keys["detectors"] |= _entries(detectors)
    keys["protocols"] |= {
        "properties": _each(PROTOCOLS, _protocol),
        "additionalProperties": False,
    }
    definitions = {
        **models,
        "source": _chosen_by("source", given["source"]["description"], "source", sources),
        "detector": _chosen_by("detector", _DETECTOR, "detector", detectors),
        "adaptation": {
            "if": _OBJECT,
            "then": _chosen_by("method", _ADAPTATION, "adaptation", adaptations),
            "else": {"enum": list(adaptations)},
        },
        "alignment": _alignment(),
        "estimator": _estimator(),
    }
    named = {"source": sources, "detector": detectors, "adaptation": adaptations}
    for kind, entries in named.items():
        definitions |= {f"{kind}.{name}": entry for name, entry in entries.items()}
    about = {"$schema": DIALECT, **whole, "title": "Config of p300", "required": ["datasets"]}
    return {**about, "$defs": definitions}


def schema_text() -> str:
    """Return the JSON schema of a config as the text of a file."""
    return json.dumps(config_schema(), indent=1, ensure_ascii=False) + "\n"


def _each(registry: Registry[Any], make: Callable[[str], Schema]) -> dict[str, Schema]:
    """Return name -> schema of all entries; a plug-in that has none is named in a warning."""
    found = {}
    for name in registry:
        try:
            found[name] = make(name)
        except Exception as error:  # noqa: BLE001 — of a plug-in; ours is raised
            registry.leave_out(name, error)
    return found


def _source(name: str, given: Schema) -> Schema:
    """Return what may stand at a source: its name, place and subjects, and its options."""
    info = source_module(name).INFO
    keys = {**given, "source": {**given["source"], "const": name}}
    if info.from_files:
        keys["path"] = {"type": "string", "description": given["path"]["description"]}
    required = ["source", "path"] if info.from_files else ["source"]
    return _object(described_source(name), keys, required, description=info.title)


def _detector(name: str) -> Schema:
    """Return what may stand at a detector: parameters, alignment, adaptation."""
    info, said = detector_info(name), said_in(Method.__doc__)
    keys = {
        "detector": {"const": name, "description": _DETECTOR},
        "alignment": {
            **_ref("alignment"), "description": said["alignment"], "default": info.alignment,
        },
        "adaptation": {
            **_ref("adaptation"), "description": said["adaptation"], "default": info.adaptation,
        },
    }  # fmt: skip
    parameters = [each for each in described_parameters(name) if each.name not in GIVEN_BY_FOLD]
    entry = _object(parameters, keys, description=info.title)
    if name == "estimator":
        for key, narrower in _estimator()["properties"].items():
            entry["properties"][key] |= {"anyOf": [narrower, {"type": "null"}]}
    return {**entry, "type": ["object", "null"]}


def _estimator() -> Schema:
    """Return what describes an estimator of another library, a step of a pipeline too."""
    keys: dict[str, Schema] = {
        "estimator": {"type": "string", "pattern": f"^{PLACE.pattern}$"},
        "parameters": {**_OBJECT},
        "steps": {**_OBJECT, "minProperties": 1, "additionalProperties": _ref("estimator")},
    }
    for each in described_parameters("estimator"):
        if each.name in keys:
            keys[each.name]["description"] = each.sentence
    return {**_OBJECT, "properties": keys, "additionalProperties": False}


def _entries(detectors: Mapping[str, Schema]) -> Schema:
    """Return what may stand at ``detectors``, where the key names what the entry does not."""
    described = [{"required": ["estimator"]}, {"required": ["steps"]}]

    def entry(else_: Schema) -> Schema:
        return {
            "if": {**_OBJECT, "required": ["detector"]},
            "then": _ref("detector"),
            "else": {
                "if": {**_OBJECT, "anyOf": described},
                "then": _ref("detector.estimator"),
                "else": else_,
            },
        }

    return {
        "propertyNames": _NAMES_FILES,
        "properties": {
            name: {"description": own["description"], **entry(_ref(f"detector.{name}"))}
            for name, own in detectors.items()
        },
        "additionalProperties": entry({**_OBJECT, "required": ["detector"]}),
    }


def _protocol(name: str) -> Schema:
    tested = {
        "type": ["array", "null"],
        "items": {"type": "string"},
        "minItems": 1,
        "description": "Names, as in this config, of the detectors that it tests; all without it.",
    }
    about = PROTOCOLS[name].about
    entry = _object(described_options(name), {"detectors": tested}, description=about)
    return {**entry, "type": ["object", "null"]}


def _alignment() -> Schema:
    parameters = parameters_of(Alignment)
    (method,) = (each for each in parameters if each.name == "method")
    names = [*_of_type(method)["enum"], None]
    return {"if": _OBJECT, "then": _object(parameters), "else": {"enum": names}}


def _adaptation(name: str) -> Schema:
    keys = {"method": {"const": name, "description": _ADAPTATION}}
    about = adaptation_class(name).about
    return _object(described_settings(name), keys, ["method"], description=about)


def _chosen_by(key: str, said: str, kind: str, names: Iterable[str]) -> Schema:
    """Return what may stand where one key names which of several is meant."""
    return {
        **_OBJECT,
        "required": [key],
        "properties": {key: {"enum": list(names), "description": said}},
        "allOf": [
            {
                "if": {"properties": {key: {"const": name}}, "required": [key]},
                "then": _ref(f"{kind}.{name}"),
            }
            for name in names
        ],
    }


def _object(
    parameters: Iterable[Parameter],
    keys: Schema | None = None,
    required: Iterable[str] = (),
    **about: str,
) -> Schema:
    """Return what may stand where keys and parameters are expected, and nothing else."""
    parameters = list(parameters)
    wanted = [*required, *(each.name for each in parameters if each.is_required)]
    return {
        **about,
        **_OBJECT,
        "properties": {**(keys or {}), **{each.name: _of_type(each) for each in parameters}},
        "additionalProperties": False,
        **({"required": wanted} if wanted else {}),
    }


def _of_type(parameter: Parameter) -> Schema:
    """Return what may stand at a parameter, what it is for and its default."""
    adapter = TypeAdapter(parameter.annotation, config=ConfigDict(arbitrary_types_allowed=True))
    found = adapter.json_schema(schema_generator=_Untitled)
    if parameter.sentence:
        found["description"] = parameter.sentence
    if not parameter.is_required:
        found["default"] = to_jsonable_python(parameter.default)
    return found


def _ref(name: str) -> Schema:
    """Return a reference to a definition."""
    return {"$ref": "#/$defs/" + quote(name.replace("~", "~0").replace("/", "~1"))}


def _plain_words(schema: Any) -> Any:
    """Return a schema whose descriptions are not marked up as docstrings are."""
    if isinstance(schema, list):
        return [_plain_words(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _plain_words(value) for key, value in schema.items()}
    if isinstance(said := found.get("description"), str):
        found["description"] = plain(said)
    return found
