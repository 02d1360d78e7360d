"""Endpoints of VPCs as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ..control import ControlPlane
from .reading import Properties, present, tags

NO_ENDPOINT = frozenset({"InvalidVpcEndpointId.NotFound"})


def endpoint(plane: ControlPlane, name: str, _: Mapping[str, Any]) -> Properties | None:
    """An endpoint; one that is being deleted is none."""
    found = plane.found("ec2", "describe_vpc_endpoints", NO_ENDPOINT, VpcEndpointIds=[name]) or {}
    told = next(iter(found.get("VpcEndpoints", ())), None)
    if told is None or told["State"].lower() in {"deleting", "deleted"}:
        return None
    document = told.get("PolicyDocument")
    return present(
        {
            "VpcEndpointType": told.get("VpcEndpointType"),
            "ServiceName": told["ServiceName"],
            "VpcId": told["VpcId"],
            "RouteTableIds": told.get("RouteTableIds") or None,
            "PolicyDocument": orjson.loads(document) if document else None,
            "Tags": tags(told.get("Tags") or ()),
        }
    )
