"""Deciding about records over the API as a person does: look, press, press again by mistake."""

from typing import Any

import requests

from tests.support.console import Console
from tests.support.events import ACCOUNT
from tests.support.world import World


def shown(console: Console, kind: str, record_id: int) -> dict[str, Any]:
    """What a record shows, with what can be done about it."""
    answer = console.get(f"/records/{kind}/{record_id}/actions")
    assert isinstance(answer, dict)
    return answer


def codes(standing: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in standing["problems"]]


def actions(standing: dict[str, Any]) -> list[str]:
    return [action["name"] for problem in standing["problems"] for action in problem["actions"]]


def answer(
    console: Console, kind: str, record_id: int, name: str, *, account: str = ACCOUNT, **body: Any
) -> requests.Response:
    """The answer to an action."""
    path = f"/records/{kind}/{record_id}/actions"
    return console.request("POST", path, account=account, json={"name": name, **body})


def press(world: World, console: Console, kind: str, record_id: int, name: str, **params: str) -> dict[str, Any]:
    """Run an action that the record offers, twice (a double click), and let everything settle."""
    before = shown(console, kind, record_id)
    assert name in actions(before), before["problems"]
    for _ in range(2):
        taken = answer(console, kind, record_id, name, params=params, decision=before["decision"])
        assert taken.status_code == 200, taken.text
    world.run()
    return shown(console, kind, record_id)
