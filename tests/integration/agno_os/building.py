"""What is asked of components: agents and teams that are made of what is stored."""

from __future__ import annotations

from .service import Service

GUARD = {"guard": {"latest_version": 1}}


def components(ask: Service) -> None:
    config = {
        "model": {"id": "scripted", "provider": "nobody"},
        "instructions": "é",
        "db": {"id": "one"},
    }
    agent = {"name": "Helper", "component_id": "helper", "component_type": "agent"}
    ask("POST", "/components", {**agent, "config": config, "metadata": {"n": 1}}, by="ann")
    ask("POST", "/components", {**agent, "config": config}, by="ann")
    ask("POST", "/components", {**agent, "config": config}, by="eve")
    ask("POST", "/components", {**agent, "component_id": "no/id"}, by="ann")
    ask("POST", "/components", {**agent, "component_id": None, "stage": "published"})
    team = {"name": "Desk", "component_id": "front", "component_type": "team"}
    ask("POST", "/components", {**team, "config": {"members": ["helper"]}}, by="ann")
    ask("POST", "/components", {**team, "config": {"members": ["nobody"]}}, by="ann")
    _read_components(ask, None)
    for by in ("ann", "eve"):
        _read_components(ask, by)
        at = "/components/helper"
        ask("PATCH", at, {"description": f"by {by}", "metadata": {"by": by}}, by=by)
        ask("PATCH", at, {"current_version": 9}, by=by)
        ask("POST", f"{at}/configs", {"config": {**config, "by": by}, "label": f"{by}"}, by=by)
        ask("POST", f"{at}/configs", {"config": config, **GUARD}, by=by)
        ask("PATCH", f"{at}/configs/1", {"notes": f"by {by}"}, by=by)
        ask("POST", f"{at}/configs/1/set-current", {}, by=by)
        ask("PATCH", f"{at}/configs/1", {"stage": "published"}, by=by)
        ask("POST", f"{at}/configs/1/set-current", {}, by=by)
        ask("PATCH", f"{at}/configs/1", {"notes": "it is published"}, by=by)
    _run_component(ask)
    ask("DELETE", "/components/helper/configs/1", by="ann")
    ask("DELETE", "/components/helper/configs/2", by="ann")
    for component in ("helper", "front", "none"):
        for by in ("eve", "ann"):
            ask("DELETE", f"/components/{component}", by=by)
            ask("GET", f"/components/{component}", by=by)
            ask("GET", f"/components/{component}", by=by, params={"include_deleted": True})
        ask("POST", f"/components/{component}/restore", by="ann")
        ask("GET", f"/components/{component}", by="ann")


def _read_components(ask: Service, by: str | None) -> None:
    for params in ({"component_type": "team"}, {"component_type": "workflow"}):
        ask("GET", "/components", by=by, params=params)
    for component in ("helper", "front", "none"):
        at = f"/components/{component}"
        ask("GET", at, by=by)
        ask("GET", f"{at}/configs", by=by)
        ask("GET", f"{at}/configs", by=by, params={"include_config": False})
        ask("GET", f"{at}/configs/current", by=by)
        ask("GET", f"{at}/configs/{1 if component == 'helper' else 7}", by=by)


def _run_component(ask: Service) -> None:
    data = {"message": "hello", "session_id": "helped", "stream": "false"}
    ask("GET", "/agents/helper", by="ann")
    ask("POST", "/agents/helper/runs", by="ann", data=data)
    ask("POST", "/agents/helper/runs", by="eve", data=data)
    ask("GET", "/sessions/helped/runs", by="ann", params={"type": "agent"})
    ask("GET", "/registry", params={"resource_type": "model"})
