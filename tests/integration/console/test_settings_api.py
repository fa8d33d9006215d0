"""The settings page's requests: read, save, check, choose; whatever is wrong with them changes nothing."""

from datetime import timedelta
from typing import Any

import pytest

from emulators.quickbooks_online import Company, Fault
from local.cloudformation import load, properties, resources, statements
from tests.integration.push.spending import spending
from tests.integration.push.untouched import nothing_changes
from tests.support.boundaries import Boundaries
from tests.support.console import Console
from tests.support.events import ACCOUNT, invoice_detail
from tests.support.world import World, ready_settings


def chosen(company: Company, **changes: Any) -> dict[str, Any]:
    settings = ready_settings(company, **changes)
    del settings["schema"]
    return settings


def put(console: Console, settings: Any, version: int, **options: Any) -> Any:
    return console.request("PUT", "/settings", json={"version": version, "settings": settings}, **options)


def refused(answer: Any) -> dict[str, str]:
    """The fields that an answer blames."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    return {each["field"]: each["message"] for each in answer.json()["fields"]}


def connected_only(world: World) -> Company:
    """An account that is connected and has saved nothing."""
    company = world.emulator.add_company("9130001", country="US", tax_mode="manual")
    world.companies[ACCOUNT] = company
    world.sign_in(ACCOUNT, "9130001")
    return company


def test_from_nothing_to_settings_that_are_ready(world: World, console: Console) -> None:
    company = connected_only(world)
    first = console.get("/settings")
    assert (first["version"], first["edition"], first["refused"]) == (0, "online", [])
    assert first["company"]["tax_mode"] == "us_manual"
    missing = [problem["code"] for problem in first["checklist"]]
    assert missing[:2] == ["setup_start_date", "setup_fallback_item"]
    assert first["choices"]["deposit_account"] == {
        "list": "accounts",
        "what": "a bank or other current asset account",
    }
    saved = put(console, {**first["settings"], **chosen(company)}, first["version"])
    assert (saved.status_code, saved.json()) == (200, {"version": 1})
    second = console.get("/settings")
    assert (second["version"], second["checklist"], second["refused"]) == (1, [], [])
    assert second["settings"]["fallback_item"] == {"id": "1", "name": "Services"}
    assert set(second["enabled_at"]) == {"sync_invoices_to", "sync_payments_to"}


def test_what_was_read_can_be_saved_as_it_is(world: World, console: Console) -> None:
    world.connect(everything=True)
    settings = console.get("/settings")["settings"]
    assert put(console, settings, 1).json() == {"version": 2}
    assert console.get("/settings")["settings"] == settings


def test_a_stale_version_changes_nothing(world: World, console: Console) -> None:
    company = world.connect()
    assert put(console, chosen(company, quiet_seconds=20), 1).status_code == 200
    with nothing_changes(world):
        answer = put(console, chosen(company, quiet_seconds=30), 1)
    assert (answer.status_code, answer.json()["code"]) == (409, "stale_settings")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"sync_payments_from": True}, "body.settings", "cannot both be on"),
        ({"sync_invoices_to": False}, "body.settings", "needs Sync Invoices TO"),
        ({"time_zone": "Texas"}, "body.settings.time_zone", "is not a time zone name"),
        ({"quiet_seconds": 901}, "body.settings.quiet_seconds", "900"),
        ({"no_such_setting": 1}, "body.settings.no_such_setting", "Extra inputs"),
        ({"fallback_item": "Services"}, "body.settings.fallback_item", ""),
        ({"tax_codes": {"first": {"id": "1"}}}, "body.settings.tax_codes.first.[key]", "integer"),
        (
            {"category_items": {"Labor": {"id": "1"}, " labor ": {"id": "1"}}},
            "body.settings.category_items",
            "names the same one twice",
        ),
        ({"deposit_account": {"id": "4711"}}, "body.settings.deposit_account", "no such entry"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_saved(
    world: World, console: Console, changes: dict[str, Any], field: str, words: str
) -> None:
    company = world.connect()
    before = console.get("/settings")
    blamed = refused(put(console, chosen(company, **changes), 1))
    assert words in blamed[field]
    assert console.get("/settings") == before


@pytest.mark.parametrize("body", [[], "x", {}, {"version": 1}, {"version": -1, "settings": {}}, {"settings": {}}])
def test_what_is_no_request_to_save_is_refused(world: World, console: Console, body: Any) -> None:
    world.connect()
    with nothing_changes(world):
        assert console.request("PUT", "/settings", json=body).status_code == 422


def test_settings_can_be_checked_without_saving_them(world: World, console: Console) -> None:
    company = world.connect()
    before = console.get("/settings")
    wrong = chosen(company, ap_account={"id": "6"})  # Checking
    answer = console.request("POST", "/settings/check", json={"settings": wrong})
    (blamed,) = answer.json()["refused"]
    assert blamed["field"] == "body.settings.ap_account"
    assert "of the type 'Bank'" in blamed["message"]
    right = console.request("POST", "/settings/check", json={"settings": chosen(company)})
    assert right.json() == {"refused": []}
    assert console.get("/settings") == before


def test_quickbooks_out_of_reach_saves_nothing_and_says_so(world: World, console: Console) -> None:
    company = world.connect()
    before = console.get("/settings")
    world.emulator.faults.add(Fault(kind="status", operation="query", status=503, times=None))
    answer = put(console, chosen(company), 1)
    assert (answer.status_code, answer.json()["code"]) == (503, "quickbooks_unavailable")
    assert "Nothing was changed" in answer.json()["fix"]
    assert console.get("/settings") == before


def test_an_account_that_is_not_connected_has_no_settings(console: Console) -> None:
    for answer in (
        console.request("GET", "/settings"),
        console.request("GET", "/pick-lists/items"),
        put(console, {}, 0),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "not_connected")


def test_what_is_saved_and_gone_is_shown_without_asking_quickbooks(world: World, console: Console) -> None:
    company = world.connect()
    company.deactivate_by_hand("Account", chosen(company)["deposit_account"]["id"])
    console.get("/pick-lists/accounts?refresh=true")
    world.deployment.accounts.forget_company(ACCOUNT)
    with spending(world) as spent:
        shown = console.get("/settings")
    assert [each["field"] for each in shown["refused"]] == ["body.settings.deposit_account"]
    assert spent.operations == ["query Preferences", "query CompanyInfo"]  # not known yet, and then kept
    with spending(world) as again:
        console.get("/settings")
    assert again.operations == []


def test_a_change_in_quickbooks_is_seen_when_the_company_is_read_again(world: World, console: Console) -> None:
    company = world.connect()
    assert console.get("/settings")["checklist"] == []
    company.auto_apply_credit = True
    assert console.get("/settings?refresh=true")["checklist"] == []  # read less than a minute ago
    world.clock.sleep(60)
    (blocker,) = console.get("/settings?refresh=true")["checklist"]
    assert blocker["code"] == "setup_auto_apply_credit"


def test_what_was_mended_in_quickbooks_is_gone_on_with_once_somebody_looks(world: World, console: Console) -> None:
    company = world.connect()
    company.auto_apply_credit = True
    world.clock.sleep(60)
    console.get("/settings?refresh=true")
    world.publish("invoice.created", invoice_detail(301))
    world.run_for(timedelta(minutes=5))
    assert company.entities("Invoice") == []
    company.auto_apply_credit = False
    world.clock.sleep(60)
    assert console.get("/settings?refresh=true")["checklist"] == []
    world.run_for(timedelta(minutes=5))
    assert len(company.entities("Invoice")) == 1


def test_who_saved_the_settings_is_in_the_audit_trail(world: World, console: Console) -> None:
    company = world.connect()
    assert put(console, chosen(company, quiet_seconds=20), 1).status_code == 200
    assert put(console, chosen(company, quiet_seconds=30), 1).status_code == 409
    assert put(console, chosen(company, quiet_seconds=-1), 2).status_code == 422
    (saved,) = [each for each in console.get("/connection/audit")["deeds"] if each["deed"] == "settings_saved"]
    assert (saved["about"], saved["realm_id"], bool(saved["user_id"])) == ("version 2", "9130001", True)


def test_settings_that_cannot_be_read_are_shown_as_such_and_can_be_replaced(world: World, console: Console) -> None:
    company = world.connect()
    world.deployment.accounts.save_settings(
        ACCOUNT, ready_settings(company, sync_payments_from=True), version=1
    )  # as an earlier release, or a hand in the table, might have
    shown = console.get("/settings")
    assert (shown["settings"], shown["checklist"]) == (None, None)
    assert "cannot both be on" in shown["refused"][0]["message"]
    assert put(console, chosen(company), 2).status_code == 200


def test_the_worker_sends_nothing_by_settings_with_payments_both_ways(world: World) -> None:
    company = world.connect()
    both = ready_settings(company, sync_payments_from=True)
    world.deployment.accounts.save_settings(ACCOUNT, both, version=1)
    world.publish("invoice.created", invoice_detail(301))
    world.run_for(timedelta(minutes=5))
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    pause = world.deployment.accounts.health(connection).pause
    assert pause is not None
    assert (pause.problem.code, "cannot both be on" in pause.problem.message) == ("settings_unusable", True)
    assert company.entities("Invoice") == []


def test_the_function_may_make_the_calls_that_its_requests_make(world: World, console: Console) -> None:
    company = world.connect()
    world.clock.sleep(3600)  # the token is renewed
    world.start(Boundaries())
    settings = console.get("/settings")["settings"]
    for _ in range(2):
        world.clock.sleep(61)
        console.get("/pick-lists/items?refresh=true")
    assert put(console, {**settings, **chosen(company)}, 1).status_code == 200
    made = {name for name in world.boundaries.calls if not name.startswith("qbo.")}
    policies = statements(properties(resources(load())["ConsoleFunction"]))
    allowed = {str(action) for each in policies for action in as_list(each["Action"])}
    members = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"}
    for name in made:
        service, _, call = name.partition(".")
        action = f"{service}:{call.title().replace('_', '')}"
        assert action in allowed or (action == "dynamodb:TransactWriteItems" and members <= allowed), action
    assert {"dynamodb.delete_item", "dynamodb.query", "sqs.send_message"} <= made


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# -- lists -------------------------------------------------------------------------------------------------------------


def test_a_list_is_searched_and_paged(world: World, console: Console) -> None:
    world.connect()
    found = console.get("/pick-lists/accounts?query=a&limit=3")
    names = [entry["name"] for entry in found["entries"]]
    while found["cursor"]:
        found = console.get("/pick-lists/accounts", params={"query": "a", "limit": 3, "cursor": found["cursor"]})
        names += [entry["name"] for entry in found["entries"]]
    assert names == [
        "Accounts Payable (A/P)",
        "Accounts Receivable (A/R)",
        "Bad Debts",
        "Sales of Product Income",
        "Sales Tax Payable",
        "Visa",
    ]
    assert found["total"] == 6


@pytest.mark.parametrize(
    ("name", "setting", "expected"),
    [
        ("accounts", "deposit_account", ["Checking", "Undeposited Funds"]),
        ("accounts", "ap_account", ["Accounts Payable (A/P)"]),
        ("accounts", "income_account_service", ["Discounts given", "Sales of Product Income", "Services"]),
        ("items", "deposit_item", ["Retainer"]),
        ("tax_codes", "tax_codes", ["California", "Tucson"]),
        ("tax_codes", "zero_tax_code", ["NON"]),
        ("tax_agencies", "new_tax_codes.agency", ["California Department of Tax and Fee Administration"]),
        ("payment_methods", "payment_methods.method", ["Cash", "Check", "Direct Deposit", "Visa"]),
    ],
)
def test_only_what_fits_a_setting_can_be_asked_for(
    world: World, console: Console, name: str, setting: str, expected: list[str]
) -> None:
    company = world.connect()
    owed = next(each for each in company.entities("Account") if each["Name"] == "Customer Deposits")
    company.create_by_hand("Item", {"Name": "Retainer", "Type": "Service", "IncomeAccountRef": {"value": owed["Id"]}})
    found = console.get(f"/pick-lists/{name}?setting={setting}")
    assert [entry["name"] for entry in found["entries"]] == expected


def test_the_usual_choice_is_suggested(world: World, console: Console) -> None:
    world.connect()
    suggested = {
        entry["name"]: entry["suggested_for"]
        for entry in console.get("/pick-lists/accounts")["entries"]
        if entry["suggested_for"]
    }
    assert suggested == {
        "Accounts Payable (A/P)": ["ap_account"],
        "Cost of Goods Sold": ["expense_account"],
        "Undeposited Funds": ["payment_methods.deposit_account", "deposit_account"],
    }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("customers", 404),
        ("items?setting=deposit_account", 404),
        ("items?setting=nothing", 404),
        ("items?limit=0", 422),
        ("items?limit=501", 422),
        ("ITEMS", 422),
    ],
)
def test_a_list_that_is_none_is_not_found(world: World, console: Console, path: str, status: int) -> None:
    world.connect()
    with spending(world) as spent:
        answer = console.request("GET", f"/pick-lists/{path}")
    assert (answer.status_code, spent.reads) == (status, 0)


def test_nobody_sees_anothers_settings_or_lists(world: World, console: Console) -> None:
    world.connect()
    other = world.connect("other", "9130002")
    other.create_by_hand("Term", {"Name": "Theirs", "DueDays": 9})
    theirs = console.get("/pick-lists/terms", account="other")
    ours = console.get("/pick-lists/terms")
    assert "Theirs" in [entry["name"] for entry in theirs["entries"]]
    assert "Theirs" not in [entry["name"] for entry in ours["entries"]]
    term = next(entry["id"] for entry in theirs["entries"] if entry["name"] == "Theirs")
    blamed = refused(put(console, chosen(world.companies[ACCOUNT], terms={"1": {"id": term}}), 1))
    assert list(blamed) == ["body.settings.terms.1"]
    assert put(console, chosen(other, terms={"1": {"id": term}}), 1, account="other").status_code == 200
    assert console.get("/settings")["version"] == 1
