"""The JSON Schema of scenario files, for editors that know YAML: completion, help beside a name, red lines.

It says less than `cordboard scenario check`: names, not references, types of expressions or the graph.
"""

import inspect
from collections.abc import Mapping
from typing import Any

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import ERROR, Component, ScenarioKind
from cordboard.scenario.properties import Form, Property, properties_of
from cordboard.scenario.run_mode import RunMode
from cordboard.scenario.values import ValueType

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_SCALAR = {"type": ["string", "number", "boolean", "null"]}
"""An editor takes `12` for a number and `yes` for a boolean; here all that stands in one place is a text."""
_STEP = {**_SCALAR, "description": "The id of a step."}

_META: Mapping[str, Schema] = {
    "scenario": {"description": "The name of the scenario: that of its file without .yaml."},
    "kind": {"enum": [kind.value for kind in ScenarioKind], "description": "What it drives: a call, nothing but itself "
             "(service), or the screen of a user."},
    "title": {"description": "What people call it."},
    "description": {"description": "What it is for."},
    "mode": {"enum": [mode.value for mode in RunMode], "description": "Of a service: what happens when it is started "
             "while a run with the same key has not ended."},
    "at_most": {"description": "With the mode at_most: how many runs may be under way."},
    "key": {"description": "Of a service: what a run is about if its start does not say: `=phone`, `{phone}`."},
    "start": {"description": "The id of the first step."},
    "after_hangup": {"description": "The first step of the branch that runs after the caller has hung up."},
    "fault": {"description": "The first step of the branch for faults that no cord took."},
}  # fmt: skip
_VARIABLE: Mapping[str, Schema] = {
    "name": {"description": "Letters, digits and _."},
    "type": {"enum": [type_.value for type_ in ValueType], "description": "text, if it is left out."},
    "value": {"description": "What it begins with."},
    "parameter": {"description": "Whether whoever starts the scenario may give it."},
    "secret": {"description": "Whether traces and logs must not show it."},
    "session": {"description": "Whether it outlives the scenario and follows the call."},
}


def json_schema(catalogue: Catalogue) -> Schema:
    """The schema (draft 2020-12) of scenarios made of these components."""
    kinds = sorted(component.kind for component in catalogue)
    return {
        "$schema": DIALECT,
        "title": "Cordboard scenario",
        "description": "Made by `cordboard scenario schema`; do not edit.",
        **_object(
            {name: {**_SCALAR, **schema} if "enum" not in schema else schema for name, schema in _META.items()}
            | {
                "variables": {"type": ["array", "null"], "items": _variable()},
                "steps": {
                    "type": "object",
                    "description": "The steps by their ids, in any order.",
                    "additionalProperties": {"$ref": "#/$defs/step"},
                    "minProperties": 1,
                },
                "layout": {
                    "type": ["object", "null"],
                    "description": "Where the editor shows the steps: `step: 120 80`.",
                    "additionalProperties": {"type": "string", "pattern": r"^\s*-?\d+\s+-?\d+\s*$"},
                },
            },
            required=["scenario", "kind", "start", "steps"],
        ),
        "$defs": {
            "step": {
                "type": "object",
                "required": ["component"],
                "properties": {"component": {"enum": kinds, "description": "What the step does."}},
                "allOf": [_chosen(component) for component in catalogue],
            },
            **{component.kind: _step(component) for component in catalogue},
        },
    }


def _object(properties: Mapping[str, Any], *, required: list[str] | None = None) -> Schema:
    schema: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return schema | ({"required": required} if required else {})


def _variable() -> Schema:
    fields = {name: schema if "enum" in schema else {**_SCALAR, **schema} for name, schema in _VARIABLE.items()}
    return _object(fields, required=["name"])


def _chosen(component: type[Component]) -> Schema:
    """Which definition rules a step. One written for an older version is upgraded when it is loaded: all may stand."""
    condition: Schema = {"properties": {"component": {"const": component.kind}}, "required": ["component"]}
    if component.version > 1:
        condition["properties"]["version"] = {"enum": [component.version, str(component.version)]}
        condition["required"].append("version")
    return {"if": condition, "then": {"$ref": f"#/$defs/{component.kind}"}}


def _step(component: type[Component]) -> Schema:
    help_ = inspect.cleandoc(component.__doc__ or "")
    shapes = component.properties()
    exits = dict.fromkeys((*component.fixed_exits(), ERROR), _STEP)
    properties: Schema = {
        "component": {"const": component.kind, "description": help_},
        "version": {
            **_SCALAR,
            "description": "For which version of the component the step was written; 1 if left out.",
        },
        "note": {**_SCALAR, "description": "A remark for those who read the scenario."},
        "exits": {**_object(exits), "type": ["object", "null"], "description": "Where each exit leads."},
    }
    properties |= {name: _property(shape) for name, shape in shapes.items()}
    required = ["component", *(name for name, shape in shapes.items() if shape.required)]
    return {"title": component.title, "description": help_, **_object(properties, required=required)}


def _property(shape: Property) -> Schema:
    described = {"description": shape.help} if shape.help else {}
    one = _one(shape)
    computed = [{"type": "string", "pattern": "^="}] if shape.expressions else []
    match shape.form:
        case Form.ONE:
            return {**one, **described}
        case Form.LIST:
            return {"anyOf": [{"type": ["array", "null"], "items": one}, *computed, {"const": ""}], **described}
        case Form.MAP:
            return {"type": ["object", "null"], "additionalProperties": one, **described}
        case Form.ROWS:
            assert shape.row is not None
            fields = properties_of(shape.row)
            rows = _object(
                {name: _property(field) for name, field in fields.items()},
                required=[name for name, field in fields.items() if field.required],
            )
            return {"type": ["array", "null"], "items": rows, **described}


def _one(shape: Property) -> Schema:
    if shape.makes_exits or not shape.choices:
        return dict(_SCALAR)
    choices: Schema = {"enum": [*shape.choices, *([""] if shape.optional else [])]}
    return {"anyOf": [choices, {"type": "string", "pattern": "^="}]} if shape.expressions else choices
