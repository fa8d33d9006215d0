"""Connecting, disconnecting and leaving over the API, as Syncro's page and Intuit's consent page do it together."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import jwt
import pytest
import requests

from emulators.quickbooks_online import Company, Fault
from local.issuer import Issuer
from syncro_quickbooks.desktop.logins import Logins, NotLetIn
from syncro_quickbooks.online.tokens import ConnectionKey
from syncro_quickbooks.sync.audit import Deed
from tests.integration.push.untouched import nothing_changes
from tests.support.books import assert_each_once
from tests.support.boundaries import Boundaries, Mode
from tests.support.console import Console
from tests.support.events import ACCOUNT, invoice_detail
from tests.support.world import QBO_URL, USER, World, ready_settings

REALM = "9130001"
DAY = timedelta(days=1)


@pytest.fixture
def company(world: World) -> Company:
    """A company that nobody has connected yet."""
    world.companies[ACCOUNT] = world.emulator.add_company(REALM, country="US", tax_mode="manual")
    return world.companies[ACCOUNT]


def consent(world: World, console: Console, realm: str = REALM, account: str = ACCOUNT) -> Any:
    """Off to Intuit and back to the console's page. Returns what its address says."""
    world.clock.sleep(1)
    begun = console.request("POST", "/connection/authorize", account=account)
    assert begun.status_code == 200, begun.text
    url = begun.json()["authorize_url"]
    assert url.startswith(f"{QBO_URL}/connect/oauth2?")
    from_intuit = world._session().get(f"{url}&login_hint={realm}", allow_redirects=False).headers["Location"]
    here = f"/oauth/callback?{urlsplit(from_intuit).query}"
    back = console.request("GET", here, token="", allow_redirects=False)
    assert back.status_code == 303
    page = urlsplit(back.headers["Location"])
    assert (page.netloc, page.path) == ("app.example.com", "/quickbooks")
    brought = dict(parse_qsl(page.query))
    return {"code": brought["code"], "state": brought["state"], "realm_id": brought["realmId"]}


def connect(world: World, console: Console, realm: str = REALM, account: str = ACCOUNT) -> Any:
    answer = console.request("POST", "/connection", account=account, json=consent(world, console, realm, account))
    assert answer.status_code == 200, answer.text
    return answer.json()


def codes(problems: list[dict[str, Any]]) -> list[str]:
    return [problem["code"] for problem in problems]


def refused(answer: requests.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert answer.json()["fix"]


def other_user(issuer: Issuer) -> str:
    """A valid token of another person of the same account."""
    known = issuer.token(ACCOUNT)
    claims = jwt.decode(known, options={"verify_signature": False})
    headers = {"kid": jwt.get_unverified_header(known)["kid"]}
    return jwt.encode({**claims, "sub": "somebody-else"}, issuer.key, algorithm="RS256", headers=headers)


def test_from_nothing_to_connected_what_is_missing_is_told(world: World, console: Console, company: Company) -> None:
    assert console.get("/connection")["state"] == "not_connected"
    shown = connect(world, console)
    assert (shown["state"], shown["edition"], shown["realm_id"]) == ("needs_setup", "online", REALM)
    assert shown["company_name"] == console.get("/settings")["company"]["name"]
    assert "setup_start_date" in codes(shown["problems"])
    world.deployment.accounts.save_settings(ACCOUNT, ready_settings(company), version=0)
    shown = console.get("/connection")
    assert (shown["state"], shown["problems"], shown["warnings"]) == ("connected", [], [])
    (deed,) = console.get("/connection/audit")["deeds"]
    assert (deed["deed"], deed["realm_id"]) == ("connected", REALM)
    assert deed["user_id"]


def test_what_must_be_changed_in_quickbooks_is_named_right_after_connecting(world: World, console: Console) -> None:
    made = world.emulator.add_company(
        REALM, country="US", tax_mode="manual", auto_apply_credit=True, custom_txn_numbers=False
    )
    world.companies[ACCOUNT] = made
    assert {"setup_auto_apply_credit", "setup_custom_numbers"} <= set(codes(connect(world, console)["problems"]))
    world.deployment.accounts.save_settings(ACCOUNT, ready_settings(made), version=0)
    shown = console.get("/connection")
    assert shown["state"] == "needs_setup"
    assert set(codes(shown["problems"])) == {"setup_auto_apply_credit", "setup_custom_numbers"}


def test_the_callback_changes_nothing(world: World, console: Console, company: Company) -> None:
    brought = consent(world, console)
    before = world.items("")
    query = f"code={brought['code']}&state={brought['state']}&realmId={brought['realm_id']}"
    for _ in range(2):
        assert console.request("GET", f"/oauth/callback?{query}", token="", allow_redirects=False).status_code == 303
    assert world.items("") == before
    assert console.get("/connection")["state"] == "not_connected"
    assert console.request("POST", "/connection", json=brought).status_code == 200


def test_a_replayed_callback_is_refused_and_the_connection_stays(
    world: World, console: Console, company: Company
) -> None:
    brought = consent(world, console)
    assert console.request("POST", "/connection", json=brought).status_code == 200
    with nothing_changes(world):
        refused(console.request("POST", "/connection", json=brought), 409, "state_refused")
    assert console.get("/connection")["state"] == "needs_setup"


def test_another_accounts_consent_is_refused_and_stays_good_for_its_owner(
    world: World, console: Console, company: Company
) -> None:
    """Login CSRF either way: the attacker's state with the victim's session, and the other way round."""
    brought = consent(world, console, account="mallory")
    with nothing_changes(world):
        refused(console.request("POST", "/connection", json=brought), 409, "state_refused")
    assert console.request("POST", "/connection", account="mallory", json=brought).status_code == 200


def test_another_users_consent_is_refused_though_it_is_the_same_account(
    world: World, console: Console, company: Company, issuer: Issuer
) -> None:
    brought = consent(world, console)
    with nothing_changes(world):
        refused(console.request("POST", "/connection", json=brought, token=other_user(issuer)), 409, "state_refused")
    assert console.request("POST", "/connection", json=brought).status_code == 200


def test_a_company_of_another_account_is_refused(world: World, console: Console, company: Company) -> None:
    connect(world, console, account="globex")
    refused(console.request("POST", "/connection", json=consent(world, console)), 409, "company_taken")
    assert console.get("/connection")["state"] == "not_connected"
    assert console.get("/connection", account="globex")["state"] == "needs_setup"


@pytest.mark.parametrize(
    "change",
    [{"realm_id": "not a number"}, {"realm_id": ""}, {"code": ""}, {"state": "x" * 300}, {"code": "x" * 3000}, None],
)
def test_a_body_that_is_none_is_refused_before_anything_happens(
    world: World, console: Console, company: Company, change: dict[str, str] | None
) -> None:
    brought = consent(world, console)
    sent = {**brought, **change} if change is not None else {}
    with nothing_changes(world):
        refused(console.request("POST", "/connection", json=sent), 422, "invalid_request")
    assert console.request("POST", "/connection", json=brought).status_code == 200


def test_intuit_out_of_reach_while_connecting_is_said_and_nothing_is_stored(
    world: World, console: Console, company: Company
) -> None:
    brought = consent(world, console)
    world.emulator.faults.add(Fault(kind="status", status=503, operation="token"))
    refused(console.request("POST", "/connection", json=brought), 503, "intuit_unavailable")
    assert console.get("/connection")["state"] == "not_connected"
    connect(world, console)


def test_disconnected_events_are_queued_and_sent_after_connecting_again(
    world: World, console: Console, company: Company
) -> None:
    connect(world, console)
    world.deployment.accounts.save_settings(ACCOUNT, ready_settings(company), version=0)
    world.publish("invoice.created", invoice_detail(309))
    world.run()
    token = world.deployment.tokens.access_token(ConnectionKey(ACCOUNT, REALM))
    shown = console.request("DELETE", "/connection").json()
    assert (shown["state"], codes(shown["problems"]), shown["consent"]) == ("disconnected", ["disconnected"], None)
    assert world.emulator.oauth.realm_of(token.value) is None
    for number in (310, 311):
        world.publish("invoice.created", invoice_detail(number))
    world.run_for(timedelta(hours=2))
    assert len(company.entities("Invoice")) == 1
    assert console.request("DELETE", "/connection").status_code == 200  # once more is no harm
    assert connect(world, console)["state"] == "connected"
    world.run()
    assert_each_once(company)
    assert {world.record("invoice", number)["status"] for number in (309, 310, 311)} == {"synced"}
    deeds = [each["deed"] for each in console.get("/connection/audit")["deeds"]]
    assert deeds == ["reconnected", "disconnected", "connected"]


def test_a_disconnect_that_intuit_was_not_told_of_says_what_to_do(
    world: World, console: Console, company: Company
) -> None:
    connect(world, console)
    world.emulator.faults.add(Fault(kind="status", status=503, operation="revoke"))
    shown = console.request("DELETE", "/connection").json()
    assert (shown["state"], codes(shown["warnings"])) == ("disconnected", ["consent_not_revoked"])


def test_a_lost_consent_shows_as_paused_with_the_way_out(world: World, console: Console, company: Company) -> None:
    connect(world, console)
    world.deployment.accounts.save_settings(ACCOUNT, ready_settings(company), version=0)
    world.emulator.oauth.disconnect(REALM)
    world.publish("invoice.created", invoice_detail(309))
    world.run_for(timedelta(hours=2))
    shown = console.get("/connection")
    assert (shown["state"], shown["paused_until"]) == ("paused", None)
    (problem,) = shown["problems"]
    assert problem["code"] == "qbo_invalid_grant"
    assert [action["name"] for action in problem["actions"]] == ["reconnect"]
    lost_at = datetime.fromisoformat(shown["consent"]["lost_at"])
    assert world.clock.now() - lost_at < timedelta(hours=2)
    assert connect(world, console)["state"] == "connected"
    world.run()
    assert world.record("invoice", 309)["status"] == "synced"


def test_a_posting_stop_shows_as_paused(world: World, console: Console) -> None:
    world.connect()
    world.deployment.accounts.stop_posting("online", "QuickBooks is being looked at")
    shown = console.get("/connection")
    assert (shown["state"], codes(shown["problems"])) == ("paused", ["posting_stopped"])
    assert "QuickBooks is being looked at" in shown["problems"][0]["message"]


def test_the_end_of_a_consent_is_told_in_time(world: World, console: Console) -> None:
    world.connect()
    began = world.clock.now()
    shown = console.get("/connection")
    assert shown["warnings"] == []
    # Intuit's figures: 8,726,400 s from the last refresh, and five years whatever happens (facts: QBO 2.10).
    assert datetime.fromisoformat(shown["consent"]["until"]) - began == timedelta(seconds=8_726_400)
    assert datetime.fromisoformat(shown["consent"]["ends"]) - began == 5 * 365 * DAY
    world.clock.advance_to(began + 86 * DAY)
    assert console.get("/connection")["warnings"] == []
    world.clock.advance_to(began + 88 * DAY)
    (warning,) = console.get("/connection")["warnings"]
    assert warning["code"] == "consent_not_refreshed"
    assert "2027-03-04" in warning["message"]  # 2026-11-23 09:00 and 101 days
    assert [action["name"] for action in warning["actions"]] == ["reconnect"]


def test_a_reset_lets_another_company_in_and_posts_nothing_again_by_itself(
    world: World, console: Console, company: Company
) -> None:
    connect(world, console)
    world.deployment.accounts.save_settings(ACCOUNT, ready_settings(company), version=0)
    world.publish("invoice.created", invoice_detail(309))
    world.run()
    second = world.emulator.add_company("9130002", country="US", tax_mode="manual")
    there = consent(world, console, "9130002")
    refused(console.request("POST", "/connection", json=there), 409, "other_company")
    with nothing_changes(world):
        refused(console.request("POST", "/connection/reset", json={"realm_id": "9130002"}), 409, "not_its_company")
    shown = console.request("POST", "/connection/reset", json={"realm_id": REALM}).json()
    assert (shown["state"], codes(shown["problems"])) == ("disconnected", ["company_left"])
    shown = connect(world, console, "9130002")
    assert (shown["state"], shown["realm_id"]) == ("needs_setup", "9130002")
    assert console.get("/settings")["settings"]["start_date"] is None
    version = console.get("/settings")["version"]
    world.deployment.accounts.save_settings(ACCOUNT, ready_settings(second), version=version)
    world.publish("invoice.updated", invoice_detail(309, version=2, due_date="2026-12-24T00:00:00.000Z"))
    world.run()
    assert second.entities("Invoice") == []
    assert world.record("invoice", 309)["status"] == "needs_attention"


# -- leaving -----------------------------------------------------------------------------------------------------------


def test_offboarding_is_begun_shown_and_called_off(world: World, console: Console) -> None:
    world.connect()
    world.clock.sleep(1)
    began = world.clock.now()
    shown = console.request("POST", "/offboarding").json()
    assert shown["state"] == "offboarding"
    assert datetime.fromisoformat(shown["offboarding"]["erased_at"]) == began + 30 * DAY
    refused(console.request("POST", "/offboarding"), 409, "offboarding")
    refused(console.request("POST", "/connection/authorize"), 409, "offboarding")
    world.clock.sleep(1)
    assert console.request("DELETE", "/offboarding").json()["state"] == "disconnected"
    refused(console.request("DELETE", "/offboarding"), 409, "not_offboarding")
    assert connect(world, console)["state"] == "connected"
    deeds = [(each["deed"], each["realm_id"]) for each in console.get("/connection/audit")["deeds"]]
    assert deeds == [
        ("reconnected", REALM),
        ("offboarding_called_off", REALM),
        ("offboarding_started", REALM),
        ("connected", REALM),
    ]


def test_an_account_that_never_connected_can_leave_too(world: World, console: Console) -> None:
    assert console.request("POST", "/offboarding").json()["state"] == "offboarding"
    world.clock.advance_to(world.clock.now() + 30 * DAY)
    for _ in range(2):
        world.deployment.offboarding.erase_due(world.clock.now() + timedelta(minutes=1))
        world.clock.advance_to(world.clock.now() + timedelta(hours=1))
    assert world.items(f"acct#{ACCOUNT}") == []


# -- Desktop -----------------------------------------------------------------------------------------------------------


def lets_in(world: World, user: str, password: str) -> bool:
    try:
        Logins(world.deployment.table, world.clock).let_in(user, password, "198.51.100.7")
    except NotLetIn:
        return False
    return True


def register(console: Console, user: str = "acme-books", **options: Any) -> requests.Response:
    return console.request("POST", "/connection/desktop", json={"user": user}, **options)


def test_a_desktop_account_gets_its_user_its_password_once_and_its_file(world: World, console: Console) -> None:
    made = register(console).json()
    assert made["user"] == "acme-books"
    assert lets_in(world, "acme-books", made["password"])
    file = console.request("GET", "/connection/desktop/qwc")
    assert file.headers["Content-Type"] == "application/xml"
    assert made["password"] not in file.text
    read = ElementTree.fromstring(file.text)  # noqa: S314 - our own
    assert read.findtext("UserName") == "acme-books"
    assert read.findtext("AppURL") == "https://qbwc.example.com/qbwc"
    assert read.findtext("AppSupport") == "https://qbwc.example.com/support"
    assert console.request("GET", "/connection/desktop/qwc").text == file.text
    shown = console.get("/connection")
    assert (shown["state"], shown["edition"], shown["realm_id"]) == ("needs_setup", "desktop", read.findtext("FileID"))
    refused(register(console, "another"), 409, "already_registered")
    assert made["password"] not in str(world.items(""))
    assert [each["deed"] for each in console.get("/connection/audit")["deeds"]] == ["connected"]


def test_a_new_password_ends_the_old_one(world: World, console: Console) -> None:
    refused(console.request("POST", "/connection/desktop/password"), 404, "not_found")
    first = register(console).json()["password"]
    world.clock.sleep(1)
    second = console.request("POST", "/connection/desktop/password").json()["password"]
    assert (lets_in(world, "acme-books", first), lets_in(world, "acme-books", second)) == (False, True)
    assert console.get("/connection/audit")["deeds"][0]["deed"] == "password_replaced"


def test_a_user_name_belongs_to_one_account_and_an_account_to_one_company(world: World, console: Console) -> None:
    world.connect()
    refused(register(console), 409, "other_company")
    assert register(console, account="globex").status_code == 200
    refused(register(console, account="initech"), 409, "user_taken")
    refused(register(console, "", account="initech"), 422, "invalid_request")
    refused(register(console, "x" * 65, account="initech"), 422, "invalid_request")
    assert console.get("/connection", account="initech")["state"] == "not_connected"


def test_from_desktop_to_online_and_to_another_company_file_by_a_reset(
    world: World, console: Console, company: Company
) -> None:
    first = register(console).json()
    file_id = console.get("/connection")["realm_id"]
    refused(console.request("POST", "/connection", json=consent(world, console)), 409, "other_company")
    console.request("POST", "/connection/reset", json={"realm_id": file_id})
    assert not lets_in(world, first["user"], first["password"])
    again = register(console).json()
    assert console.get("/connection")["realm_id"] != file_id
    assert lets_in(world, again["user"], again["password"])
    console.request("POST", "/connection/reset", json={"realm_id": console.get("/connection")["realm_id"]})
    assert connect(world, console)["edition"] == "online"


def test_offboarding_locks_the_web_connector_out_at_once(world: World, console: Console) -> None:
    made = register(console).json()
    console.request("POST", "/offboarding")
    assert not lets_in(world, made["user"], made["password"])
    refused(console.request("POST", "/connection/desktop/password"), 409, "offboarding")
    console.request("DELETE", "/offboarding")
    renewed = console.request("POST", "/connection/desktop/password").json()
    assert lets_in(world, made["user"], renewed["password"])


def test_a_password_asked_for_while_the_account_begins_to_leave_opens_nothing(world: World, console: Console) -> None:
    made = register(console).json()
    calls = Boundaries()
    world.start(calls)
    made["password"] = console.request("POST", "/connection/desktop/password").json()["password"]
    writes = [at for at, call in enumerate(calls.calls) if call.startswith("dynamodb.") and "get" not in call]
    for at in writes:
        begin = Boundaries(at, Mode.MEANWHILE, meanwhile=lambda: leave(world))
        world.start(begin)
        refused(console.request("POST", "/connection/desktop/password"), 409, "offboarding")
        world.start(Boundaries())
        assert "digest" not in str(world.items(f"acct#{ACCOUNT}"))
        assert [each.deed for each in world.deployment.audit.entries(ACCOUNT)].count(Deed.PASSWORD_REPLACED) == 1
        console.request("DELETE", "/offboarding")
    assert writes


def leave(world: World) -> None:
    writes = [
        *world.deployment.offboarding.starting(ACCOUNT, USER, ""),
        *world.deployment.registrations.locking_out(ACCOUNT),
    ]
    world.deployment.connector.part(ACCOUNT, writes)


# -- what Intuit links to ----------------------------------------------------------------------------------------------


@contextmanager
def without_a_page(world: World) -> Iterator[None]:
    address = world._environ.pop("CONSOLE_URL")
    world._environ["CONSOLE_URL"] = ""
    yield
    world._environ["CONSOLE_URL"] = address


@pytest.mark.parametrize("path", ["/oauth/disconnected", "/oauth/reconnect", "/oauth/callback?error=access_denied"])
def test_intuits_pages_need_no_token_and_say_what_to_do(world: World, console: Console, path: str) -> None:
    with without_a_page(world):
        answer = console.request("GET", path, token="")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_without_a_console_page_the_callback_says_how_to_finish_and_shows_nothing_of_the_code(
    world: World, console: Console
) -> None:
    with without_a_page(world):
        answer = console.request("GET", "/oauth/callback?code=<b>c</b>&state=s&realmId=1", token="")
    assert answer.status_code == 200
    assert "POST /connection" in answer.text
    assert "<b>c</b>" not in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/connection"),
        ("POST", "/connection"),
        ("DELETE", "/connection"),
        ("POST", "/connection/authorize"),
        ("POST", "/connection/reset"),
        ("GET", "/connection/audit"),
        ("POST", "/connection/desktop"),
        ("POST", "/connection/desktop/password"),
        ("GET", "/connection/desktop/qwc"),
        ("POST", "/offboarding"),
        ("DELETE", "/offboarding"),
    ],
)
def test_nothing_of_it_works_without_a_token(world: World, console: Console, method: str, path: str) -> None:
    world.connect()
    with nothing_changes(world):
        refused(console.request(method, path, token=""), 401, "missing_token")
