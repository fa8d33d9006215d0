"""Imports into Syncro: a report first, then what was confirmed is made there, and linked."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from syncro_quickbooks.sync.job import JobKind, JobState, Outcome, Result
from syncro_quickbooks.sync.jobs import JobRefused
from syncro_quickbooks.syncro_api.access import SyncroAccess
from tests.support.boundaries import Boundaries
from tests.support.events import ACCOUNT
from tests.support.job_world import TOKEN, JobWorld

pytestmark = pytest.mark.usefixtures("aws_services")

ORGANIZATIONS = JobKind.IMPORT_ORGANIZATIONS


@pytest.fixture
def world() -> JobWorld:
    made = JobWorld()
    made.connect()
    return made


def mail(address: str) -> dict[str, Any]:
    return {"PrimaryEmailAddr": {"Address": address}}


def test_an_import_reports_first_then_makes_and_links(world: JobWorld) -> None:
    company = world.companies[ACCOUNT]
    acme = company.create_by_hand("Customer", {"DisplayName": "Acme", **mail("a@acme.example")})
    kitchen = company.create_by_hand(
        "Customer", {"DisplayName": "Kitchen", "Job": True, "ParentRef": {"value": acme["Id"]}}
    )
    company.create_by_hand("Customer", {"DisplayName": "Mail Twin", **mail("TAKEN@example.com")})
    company.create_by_hand("Customer", {"DisplayName": "Known", "PrimaryPhone": {"FreeFormNumber": "555-1"}})
    asleep = company.create_by_hand("Customer", {"DisplayName": "Asleep"})
    company.deactivate_by_hand("Customer", asleep["Id"])
    world.organization(1, "Somebody", email="taken@example.com", told=False)
    world.organization(2, "known", email=None)
    job = world.begin(ORGANIZATIONS)
    assert (job.state, job.progress) == (JobState.REPORTED, 50)
    assert world.report(ORGANIZATIONS) == {
        "Acme": (Outcome.NEW, ""),
        "Acme:Kitchen": (Outcome.NEW, ""),
        "Mail Twin": (Outcome.COLLIDES, "customer_email_taken"),
        "Known": (Outcome.MATCHES, ""),
        "Asleep (deleted)": (Outcome.LEFT_OUT, "customer_inactive"),
    }
    before = company.entities("Customer")
    done = world.confirm(ORGANIZATIONS)
    assert (done.state, done.done, done.not_done, done.progress) == (JobState.DONE, 3, 0, 100)
    assert company.entities("Customer") == before
    made = {each["business_then_name"]: each for each in world.theirs.all("customers")}
    assert sorted(made) == ["Acme", "Acme:Kitchen", "Somebody", "known"]
    assert made["Acme"]["email"] == "a@acme.example"
    assert world.results(ORGANIZATIONS)["Acme:Kitchen"] is Result.DONE
    state = world.state("customer", made["Acme:Kitchen"]["id"])
    assert state["qbo_id"] == kitchen["Id"]
    again = world.begin(ORGANIZATIONS)
    assert again.counts == {"linked": 3, "collides": 1, "left_out": 1}


# -- products and vendors ----------------------------------------------------------------------------------------------


def test_products_come_with_exact_prices_and_without_categories(world: JobWorld) -> None:
    company = world.companies[ACCOUNT]
    income = next(each["Id"] for each in company.entities("Account") if each["AccountType"] == "Income")
    sold = {"Type": "Service", "IncomeAccountRef": {"value": income}}
    toner = company.create_by_hand("Item", {"Name": "Toner", "UnitPrice": Decimal("64.995"), **sold})
    company.create_by_hand("Item", {"Name": "Labor", "Description": "An hour of work", **sold})
    world.product(7, "labor", told=False)
    known = {each["Name"] for each in company.entities("Item")} - {"Toner", "Labor"}
    job = world.begin(JobKind.IMPORT_PRODUCTS)
    report = {
        name: outcome for name, (outcome, _) in world.report(JobKind.IMPORT_PRODUCTS).items() if name not in known
    }
    assert report == {"Toner": Outcome.NEW, "Labor": Outcome.MATCHES}
    assert world.confirm(JobKind.IMPORT_PRODUCTS).done == job.to_apply
    (made,) = [each for each in world.theirs.all("products") if each["name"] == "Toner"]
    assert (made["price_retail"], made["description"], made["qb_item_id"]) == (
        Decimal("64.995"),
        "Toner",
        int(toner["Id"]),
    )
    assert world.state("product", made["id"])["qbo_id"] == toner["Id"]
    assert set(world.begin(JobKind.IMPORT_PRODUCTS).counts) == {"linked"}


def test_all_vendors_come(world: JobWorld) -> None:
    company = world.companies[ACCOUNT]
    company.create_by_hand("Vendor", {"DisplayName": "Lone Star", "PrimaryPhone": {"FreeFormNumber": "555-7"}})
    world.theirs.load("vendors", {"id": 3, "name": "Known Vendor", "email": None})
    known = company.create_by_hand("Vendor", {"DisplayName": "Known vendor"})
    assert world.begin(JobKind.IMPORT_VENDORS).counts == {"new": 1, "matches": 1}
    assert world.confirm(JobKind.IMPORT_VENDORS).done == 2
    assert [(each["name"], each.get("phone")) for each in world.theirs.all("vendors")] == [
        ("Known Vendor", None),
        ("Lone Star", "555-7"),
    ]
    assert world.state("vendor", 3)["qbo_id"] == known["Id"]


# -- what can go wrong -------------------------------------------------------------------------------------------------


def test_what_syncro_refuses_is_told_in_its_words_and_the_others_are_made(world: JobWorld) -> None:
    company = world.companies[ACCOUNT]
    company.create_by_hand("Customer", {"DisplayName": "Late", **mail("late@x.example")})
    company.create_by_hand("Customer", {"DisplayName": "Fine"})
    world.begin(ORGANIZATIONS)
    world.organization(1, "Somebody", email="late@x.example", told=False)  # since the report
    done = world.confirm(ORGANIZATIONS)
    assert (done.state, done.done, done.not_done) == (JobState.DONE, 1, 1)
    assert world.report(ORGANIZATIONS)["Late"] == (Outcome.NEW, "syncro_refused")
    (row,) = [row for row in world.deployment.jobs.rows(done) if row.name == "Late"]
    assert row.problem is not None
    assert row.problem.verbatim == "Email has already been taken"
    assert [each["business_name"] for each in world.theirs.all("customers")] == ["Somebody", "Fine"]


def test_a_report_of_yesterday_is_not_applied(world: JobWorld) -> None:
    world.companies[ACCOUNT].create_by_hand("Customer", {"DisplayName": "Acme"})
    job = world.begin(ORGANIZATIONS)
    world.clock.sleep(25 * 3600)
    with pytest.raises(JobRefused, match="more than a day old"):
        world.deployment.jobs.confirm(ACCOUNT, ORGANIZATIONS, job.id, "user-1")
    world.deployment.jobs.cancel(ACCOUNT, ORGANIZATIONS, job.id, "user-1")
    world.begin(ORGANIZATIONS)
    assert world.confirm(ORGANIZATIONS).done == 1


def test_without_a_token_the_job_waits_and_says_so(world: JobWorld) -> None:
    world.organization(1, "Acme", told=False)
    world.deployment.syncro_access.forget(ACCOUNT)
    world.deployment.jobs.start(ACCOUNT, ORGANIZATIONS, "user-1")
    world.run_for(timedelta(minutes=2))
    problem = world.job(ORGANIZATIONS).problem
    assert (world.job(ORGANIZATIONS).state, problem.code if problem else "") == (JobState.LISTING, "syncro_access")
    world.deployment.syncro_access.save(ACCOUNT, SyncroAccess("demo", TOKEN))
    world.run()
    assert (world.job(ORGANIZATIONS).state, world.job(ORGANIZATIONS).problem) == (JobState.REPORTED, None)


def test_a_posting_stop_holds_what_is_made_in_syncro(world: JobWorld) -> None:
    world.companies[ACCOUNT].create_by_hand("Customer", {"DisplayName": "Acme"})
    job = world.begin(ORGANIZATIONS)
    world.deployment.accounts.stop_posting(f"account#{ACCOUNT}", "stocktaking")
    world.deployment.jobs.confirm(ACCOUNT, ORGANIZATIONS, job.id, "user-1")
    world.run_for(timedelta(minutes=10))
    assert world.theirs.all("customers") == []
    world.deployment.accounts.allow_posting(f"account#{ACCOUNT}")
    world.run()
    assert world.job(ORGANIZATIONS).done == 1


def test_posting_stopped_in_the_middle_of_a_portion_makes_nothing_more(world: JobWorld) -> None:
    for number in range(60):
        world.companies[ACCOUNT].create_by_hand("Customer", {"DisplayName": f"Customer {number:02}"})
    job = world.begin(ORGANIZATIONS)
    posts: list[str] = []

    class StoppedMeanwhile(Boundaries):
        def pass_through(self, name: str, *args: Any, **kwargs: Any) -> Any:
            posts.extend([name] if name.startswith("syncro.POST") else [])
            if len(posts) == 30 and name.startswith("syncro.POST"):
                world.deployment.accounts.stop_posting(f"account#{ACCOUNT}", "stocktaking")
            return super().pass_through(name, *args, **kwargs)

    world.start(StoppedMeanwhile())
    world.deployment.jobs.confirm(ACCOUNT, ORGANIZATIONS, job.id, "user-1")
    world.run_for(timedelta(minutes=10))
    assert len(world.theirs.all("customers")) == 30  # the one that was on its way, and none after it
    world.deployment.accounts.allow_posting(f"account#{ACCOUNT}")
    world.run()
    assert world.job(ORGANIZATIONS).done == 60
    assert len(world.theirs.all("customers")) == 60


def test_cancelled_while_it_makes_them(world: JobWorld) -> None:
    for number in range(60):
        world.companies[ACCOUNT].create_by_hand("Customer", {"DisplayName": f"Customer {number:02}"})
    job = world.begin(ORGANIZATIONS)
    posts: list[str] = []

    class CancelledMeanwhile(Boundaries):
        def pass_through(self, name: str, *args: Any, **kwargs: Any) -> Any:
            posts.extend([name] if name.startswith("syncro.POST") else [])
            if len(posts) == 30 and name.startswith("syncro.POST"):
                world.deployment.jobs.cancel(ACCOUNT, ORGANIZATIONS, job.id, "user-1")
            return super().pass_through(name, *args, **kwargs)

    world.start(CancelledMeanwhile())
    world.deployment.jobs.confirm(ACCOUNT, ORGANIZATIONS, job.id, "user-1")
    world.run()
    assert world.job(ORGANIZATIONS).state is JobState.CANCELLED
    assert len(world.theirs.all("customers")) == 50  # the portion that was begun goes out
    # Those that nobody linked any more are found by their names.
    assert world.begin(ORGANIZATIONS).counts == {"matches": 50, "new": 10}
    assert world.confirm(ORGANIZATIONS).done == 60
    assert len(world.theirs.all("customers")) == 60
