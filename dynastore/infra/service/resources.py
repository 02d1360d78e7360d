"""All resources of a service, and a stack that has nothing else in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import ModelError
from ..deployment import Deployment
from ..names import Placed, Resources, Value
from .balancing import balancing
from .permissions import service_roles
from .tasks import tasks
from .watching import service_alarms


def service(placed: Placed, deployment: Deployment) -> Resources:
    """The service on a table, without its dashboard; nothing without the section.

    Raises:
        ModelError: nobody says which image.
    """
    asked = deployment.service
    if asked is None:
        return {}
    if asked.image is None:
        raise ModelError("service.image is missing; name it there, or with --service IMAGE")
    return {
        **service_roles(deployment, asked, asked.image),
        **balancing(deployment, asked),
        **tasks(placed, deployment, asked, asked.image),
        **service_alarms(deployment, asked),
    }


def parted(own: Resources, whole: Mapping[str, Any]) -> tuple[Resources, dict[str, Value]]:
    """Resources that are a stack of their own, and its parameters.

    A table is named by its name. All else that they refer to is a parameter, called as the output of the
    other stack that tells it.

    Args:
        own: logical id -> resource.
        whole: the template that has them, and what they refer to.
    """
    outputs = {repr(each["Value"]): name for name, each in whole["Outputs"].items()}
    parameters: dict[str, Value] = {}

    def outside(value: Value) -> Value:
        match value:
            case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]} if (
                name in whole["Resources"] and name not in own
            ):
                return referred(name, value)
            case dict():
                return {name: outside(each) for name, each in value.items()}
            case list():
                return [outside(each) for each in value]
        return value

    def referred(name: str, value: Value) -> Value:
        if table := whole["Resources"][name]["Properties"].get("TableName"):
            return table
        told = outputs[repr(value)]
        parameters[told] = {
            "Type": "String",
            "Description": f"{whole['Outputs'][told]['Description']}: output {told} of its stack",
        }
        return {"Ref": told}

    return {name: outside(each) for name, each in own.items()}, parameters
