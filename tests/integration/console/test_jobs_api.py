"""One-time jobs over the API: start, follow, read the report page by page, confirm, cancel."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from syncro_quickbooks.sync.accounts import Edition
from syncro_quickbooks.sync.job import Job, JobKind, JobState, Outcome, Row
from syncro_quickbooks.sync.model import Problem
from tests.support.console import Console
from tests.support.events import ACCOUNT
from tests.support.world import World

KIND = JobKind.IMPORT_ORGANIZATIONS
PATH = f"/jobs/{KIND}"


@pytest.fixture
def connected(world: World) -> World:
    world.connect()
    return world


def reported(world: World, rows: int, outcome: Outcome = Outcome.NEW) -> Job:
    """A job whose report is there."""
    jobs = world.deployment.jobs
    job = jobs.start(ACCOUNT, KIND, "user-1")
    lines = [Row(outcome, f"{number:05}", f"Customer {number}", entry=str(number)) for number in range(rows)]
    for start in range(0, rows, 90):
        job = jobs.keep(job, lambda then: then, lines[start : start + 90])
    counts, now = {str(outcome): rows}, world.clock.now()
    return jobs.keep(job, lambda then: replace(then, state=JobState.REPORTED, counts=counts, reported_at=now))


def test_a_job_is_started_shown_and_cancelled(connected: World, console: Console) -> None:
    assert console.get("/jobs") == {"jobs": []}
    started = console.request("POST", PATH)
    assert started.status_code == 200
    job = started.json()
    assert (job["kind"], job["state"], job["progress"], job["counts"]) == (KIND, "listing", 0, {})
    assert console.get(PATH) == job
    assert console.get("/jobs")["jobs"] == [job]
    again = console.request("POST", PATH)
    assert (again.status_code, again.json()["code"]) == (409, "job_refused")
    early = console.request("POST", f"{PATH}/{job['id']}/confirm")
    assert (early.status_code, "it is listing" in early.json()["detail"]) == (409, True)
    cancelled = console.request("POST", f"{PATH}/{job['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert connected.deployment.jobs.newest(ACCOUNT, KIND) is not None


def test_a_report_of_ten_thousand_rows_is_read_page_by_page(connected: World, console: Console) -> None:
    reported(connected, 10_000)
    names, cursor, pages = [], "", 0
    while cursor is not None:
        page = console.get(f"{PATH}/rows?limit=50" + (f"&cursor={cursor}" if cursor else ""))
        names += [row["name"] for row in page["rows"]]
        cursor, pages = page["next"], pages + 1
        if pages == 3:
            break  # the way there is the same for each page
    assert names == [f"Customer {number}" for number in range(150)]
    last = console.get(f"{PATH}/rows?limit=50&cursor=MSMwOTk4OQ==")  # 1#09989
    assert [row["quickbooks_id"] for row in last["rows"]] == [str(number) for number in range(9990, 10_000)]
    assert last["next"] is None


def test_rows_of_one_outcome_only(connected: World, console: Console) -> None:
    reported(connected, 3, Outcome.COLLIDES)
    assert len(console.get(f"{PATH}/rows?outcome=collides")["rows"]) == 3
    assert console.get(f"{PATH}/rows?outcome=new") == {"rows": [], "next": None}


def test_confirming_applies_what_was_read_and_nothing_else(connected: World, console: Console) -> None:
    job = reported(connected, 2)
    other = console.request("POST", f"{PATH}/{'0' * 12}/confirm")
    assert (other.status_code, "none of this id" in other.json()["detail"]) == (409, True)
    confirmed = console.request("POST", f"{PATH}/{job.id}/confirm")
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "applying")


def test_open_invoices_are_linked_like_any_job(connected: World, console: Console) -> None:
    started = console.request("POST", "/jobs/link_open_invoices").json()
    assert (started["kind"], started["state"]) == ("link_open_invoices", "listing")
    jobs, kind = connected.deployment.jobs, JobKind.LINK_OPEN_INVOICES
    differs = Problem("figures_differ", "Invoice A-1: total $1.00 in Syncro, $2.00 in QuickBooks.", "Correct one.")
    rows = [
        Row(Outcome.MATCHES, "invoice#1", "A-0 Acme", "invoice#1", "7"),
        Row(Outcome.DIFFERS, "invoice#2", "A-1 Acme", "invoice#2", "8", differs),
        Row(Outcome.ONLY_IN_QUICKBOOKS, "quickbooks#9", "A-2 Acme", entry="9"),
    ]
    job = jobs.newest(ACCOUNT, kind)
    assert job is not None
    now = connected.clock.now()
    jobs.keep(job, lambda then: replace(then, state=JobState.REPORTED, counts={"matches": 1}, reported_at=now), rows)
    first = console.get("/jobs/link_open_invoices/rows?limit=2")
    assert [(row["outcome"], row["record"], row["quickbooks_id"]) for row in first["rows"]] == [
        ("matches", {"kind": "invoice", "id": "1"}, "7"),
        ("differs", {"kind": "invoice", "id": "2"}, "8"),
    ]
    assert "$1.00 in Syncro, $2.00 in QuickBooks" in first["rows"][1]["problem"]["message"]
    rest = console.get(f"/jobs/link_open_invoices/rows?cursor={first['next']}")
    assert [(row["outcome"], row["record"]) for row in rest["rows"]] == [("only_in_quickbooks", None)]
    confirmed = console.request("POST", f"/jobs/link_open_invoices/{job.id}/confirm")
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "applying")


def test_another_account_sees_and_touches_nothing(connected: World, console: Console) -> None:
    job = reported(connected, 2)
    assert console.get("/jobs", account="somebody") == {"jobs": []}
    assert console.request("GET", f"{PATH}/rows", account="somebody").status_code == 404
    assert console.request("POST", f"{PATH}/{job.id}/confirm", account="somebody").status_code == 409
    newest = connected.deployment.jobs.newest(ACCOUNT, KIND)
    assert newest is not None
    assert newest.state is JobState.REPORTED


def another_company(world: World) -> None:
    """The account leaves its company for another one."""
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    world.deployment.connector.reset(ACCOUNT, "user-1", connection.realm_id)
    world.emulator.add_company("9130077", country="US", tax_mode="manual")
    world.sign_in(ACCOUNT, "9130077")


def test_the_report_of_a_company_that_was_left_is_not_applied(connected: World, console: Console) -> None:
    job = reported(connected, 2)
    another_company(connected)
    refused = console.request("POST", f"{PATH}/{job.id}/confirm")
    assert (refused.status_code, refused.json()["code"]) == (409, "job_refused")
    assert "another company" in refused.json()["detail"]
    shown = console.get(PATH)
    assert (shown["state"], shown["problem"]["code"]) == ("reported", "job_of_another_company")
    assert console.get("/jobs")["jobs"] == [shown]
    assert console.request("POST", PATH).status_code == 200, "another one can be started"


def test_no_job_is_started_for_a_company_that_was_left(connected: World, console: Console) -> None:
    connected.deployment.connector.reset(ACCOUNT, "user-1", "9130001")
    refused = console.request("POST", PATH)
    assert (refused.status_code, refused.json()["code"]) == (409, "job_refused")
    assert console.get("/jobs") == {"jobs": []}


def test_who_started_confirmed_and_cancelled_is_in_the_audit_trail(connected: World, console: Console) -> None:
    first = console.request("POST", PATH).json()["id"]
    connected.clock.sleep(1)
    console.request("POST", f"{PATH}/{first}/cancel")
    connected.clock.sleep(1)
    second = reported(connected, 1)
    connected.clock.sleep(1)
    for _ in range(2):
        console.request("POST", f"{PATH}/{second.id}/confirm")
    deeds = [each for each in console.get("/connection/audit")["deeds"] if each["deed"].startswith("job_")]
    assert [(each["deed"], each["about"]) for each in deeds] == [
        ("job_confirmed", f"{KIND} {second.id}"),
        ("job_started", f"{KIND} {second.id}"),
        ("job_cancelled", f"{KIND} {first}"),
        ("job_started", f"{KIND} {first}"),
    ]
    assert {each["realm_id"] for each in deeds} == {"9130001"}
    assert all(each["user_id"] for each in deeds)


@pytest.mark.parametrize("cursor", ["!", "MTIz", "OSMuLi8=", "x" * 500])
def test_a_cursor_that_was_made_up_is_refused(connected: World, console: Console, cursor: str) -> None:
    reported(connected, 1)
    refused = console.request("GET", f"{PATH}/rows?cursor={cursor}")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_cursor")


def test_a_desktop_account_starts_its_jobs_the_same_way(world: World, console: Console) -> None:
    world.deployment.accounts.connect(ACCOUNT, Edition.DESKTOP, "{a-file}")
    assert console.request("POST", "/jobs/export_organizations").status_code == 200
    products = console.request("POST", "/jobs/export_products")
    assert (products.status_code, "only organizations" in products.json()["detail"]) == (409, True)
    linking = console.request("POST", "/jobs/link_open_invoices")
    assert (linking.status_code, "has no link of open invoices" in linking.json()["detail"]) == (409, True)
    assert console.request("POST", "/jobs/export_everything").status_code == 422
    assert datetime.fromisoformat(console.get("/jobs/export_organizations")["started_at"]).tzinfo == UTC
