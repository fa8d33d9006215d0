"""Every action that the code can offer is one that somebody can run, in the edition that offers it."""

import ast
from pathlib import Path

import pytest

import syncro_quickbooks
from syncro_quickbooks.desktop.planning.choosing import RUNS
from syncro_quickbooks.sync.catalogue_entries import ENTRIES
from syncro_quickbooks.sync.choices import (
    ALL,
    AT_ONCE,
    ELSEWHERE,
    LASTING,
    ONCE,
    REFUSALS,
    TAKEN_BACK,
    BadParameters,
    Choice,
    added,
    choices_from_text,
    choices_to_text,
    counting,
    lasting,
    offered,
    parameters,
)
from syncro_quickbooks.sync.model import Action, Kind, Problem, RecordKey

LAYER = Path(syncro_quickbooks.__file__).parent


def calls(folder: str, name: str) -> list[ast.Call]:
    """The calls of `name`, as a function or a method, in a part of the layer."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (LAYER / folder).rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [node for node in nodes if ast.unparse(node.func).rpartition(".")[2] == name]


def words(call: ast.Call) -> list[str]:
    return [str(each.value) for each in call.args if isinstance(each, ast.Constant)]


def offered_in(folder: str) -> set[str]:
    return {words(call)[0] for call in calls(folder, "Action") if words(call)}


def honoured_in(folder: str) -> set[str]:
    named = {word for call in calls(folder, "chosen") for word in words(call)}
    refuses = any("REFUSALS" in ast.unparse(call) for call in calls(folder, "chosen"))
    return named | (set(REFUSALS) if refuses else set())


def test_every_action_in_the_code_is_known() -> None:
    in_code = offered_in("sync") | offered_in("online") | offered_in("desktop")
    in_catalogue = {action.name for entry in ENTRIES.values() for action in entry.actions}
    assert len(in_code) > 15
    assert (in_code | in_catalogue) - {"resume"} <= ALL


@pytest.mark.parametrize(("edition", "runs"), [("online", ALL), ("desktop", RUNS)])
def test_every_action_that_is_shown_is_honoured(edition: str, runs: frozenset[str]) -> None:
    kept_with_the_record = ONCE | LASTING
    assert runs & kept_with_the_record <= honoured_in(edition)


def test_every_action_is_of_one_sort() -> None:
    sorts = [AT_ONCE, ONCE, LASTING, ELSEWHERE, {TAKEN_BACK}]
    assert sum(len(sort) for sort in sorts) == len(ALL)


def choice(action: str, version: int = 1) -> Choice:
    return Choice(f"id-{action}", action, "code", version, "user", 5, {"id": "7"})


def test_what_counts_for_a_version() -> None:
    chosen = (choice("skip"), choice("overwrite"))
    assert counting(chosen, 1, ["overwrite"]) == choice("overwrite")
    assert counting(chosen, 2, ["overwrite"]) is None
    assert counting(chosen, 2, ["stop", "skip"]) == choice("skip")


def test_one_answer_replaces_another_and_lasting_ones_add_up() -> None:
    chosen = added(added(added((), choice("push_anyway")), choice("overwrite")), choice("redate"))
    assert [each.action for each in chosen] == ["push_anyway", "redate"]
    assert [each.version for each in added(chosen, choice("redate", 2))] == [1, 2]
    assert [each.action for each in lasting(added(chosen, choice("keep")))] == ["push_anyway", "redate"]


def test_choices_are_read_as_they_were_written() -> None:
    chosen = (choice("skip"), choice("link"))
    assert choices_from_text(choices_to_text(chosen)) == chosen
    assert choices_from_text(choices_to_text(())) == ()


def names(problem: Problem) -> list[str]:
    return [action.name for action in problem.actions]


@pytest.mark.parametrize(
    ("kind", "linked", "left"),
    [
        (Kind.INVOICE, True, ["keep", "overwrite", "recreate", "unlink", "void", "retry"]),
        (Kind.INVOICE, False, ["link", "redate", "retry"]),
        (Kind.CUSTOMER, True, ["link", "recreate", "unlink", "retry"]),
        (Kind.CUSTOMER, False, ["link", "create_with_suffix", "retry"]),
        (Kind.TAX_RATE, False, ["retry"]),
    ],
)
def test_what_cannot_be_run_on_a_record_is_not_offered(kind: Kind, linked: bool, left: list[str]) -> None:
    every = ["keep", "overwrite", "link", "create_with_suffix", "reactivate", "recreate", "redate", "unlink", "void"]
    problem = Problem("p", "m", actions=tuple(Action(name, name) for name in [*every, "retry"]))
    shown = names(offered(problem, kind, linked=linked))
    assert sorted(shown) == sorted(left)


def test_a_link_needs_an_id() -> None:
    key = RecordKey(Kind.INVOICE, "5")
    assert parameters(Action("link", "", {"qbo_id": "8"}), {}, key) == {"id": "8"}
    assert parameters(Action("link", "", {"entity": "Bill", "id": "8"}), {"id": "9"}, key)["id"] == "9"
    for wrong in ("", "1 OR 1=1", "a" * 51):
        with pytest.raises(BadParameters):
            parameters(Action("link", ""), {"id": wrong}, key)


def test_a_suffix_is_proposed_from_the_record() -> None:
    key = RecordKey(Kind.INVOICE, "5")
    entry = Action("create_with_suffix", "", {"record": "customer#72"})
    assert parameters(entry, {}, key) == {"record": "customer#72", "suffix": "#72"}
