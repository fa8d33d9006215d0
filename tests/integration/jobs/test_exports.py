"""Exports to QuickBooks Online: a report first, then what was confirmed goes through the outbox."""

from datetime import timedelta
from typing import Any

import pytest

from emulators.quickbooks_online import Company
from syncro_quickbooks.sync.job import JobKind, JobState, Outcome, Result
from syncro_quickbooks.sync.jobs import JobRefused
from tests.support.boundaries import Boundaries
from tests.support.events import ACCOUNT, invoice_detail, line
from tests.support.job_world import JobWorld
from tests.support.world import ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")

ORGANIZATIONS, PRODUCTS = JobKind.EXPORT_ORGANIZATIONS, JobKind.EXPORT_PRODUCTS


@pytest.fixture
def world() -> JobWorld:
    made = JobWorld()
    made.connect()
    return made


@pytest.fixture
def company(world: JobWorld) -> Company:
    return world.companies[ACCOUNT]


def names(company: Company, entity: str = "Customer") -> list[str]:
    return sorted(each.get("DisplayName") or each["Name"] for each in company.entities(entity))


def mail(address: str) -> dict[str, Any]:
    return {"PrimaryEmailAddr": {"Address": address}}


def test_organizations_that_no_event_has_brought_are_exported_too(world: JobWorld, company: Company) -> None:
    world.organization(1, "Told by an event")
    world.organization(2, "Known to the API only", told=False)
    world.organization(3, "Disabled", told=False, disabled=True)
    job = world.begin(ORGANIZATIONS)
    assert job.counts == {"new": 2, "left_out": 1}
    assert names(company) == []  # nothing is made before somebody has confirmed
    reads = sum(call.reads for call in world.emulator.journal)
    done = world.confirm(ORGANIZATIONS)
    assert (done.state, done.done, done.not_done, done.progress) == (JobState.DONE, 2, 0, 100)
    assert names(company) == ["Known to the API only", "Told by an event"]
    # The report has shown that neither name nor e-mail address is there: nothing is looked up one by one.
    assert sum(call.reads for call in world.emulator.journal) == reads


def test_what_an_event_says_is_newer_than_what_the_api_said(world: JobWorld, company: Company) -> None:
    world.organization(1, "Old name", told=False)
    world.begin(ORGANIZATIONS)
    world.organization(1, "New name")  # version 1, the first event's
    world.confirm(ORGANIZATIONS)
    assert names(company) == ["New name"]
    world.theirs.load("customers", {**world.theirs.all("customers")[0], "business_then_name": "Older than the event"})
    world.begin(ORGANIZATIONS)
    assert world.report(ORGANIZATIONS) == {"New name": (Outcome.LINKED, "")}


def test_what_collides_is_reported_and_left_alone(world: JobWorld, company: Company) -> None:
    company.create_by_hand("Customer", {"DisplayName": "Two Mails", **mail("one@example.com")})
    asleep = company.create_by_hand("Customer", {"DisplayName": "Asleep"})
    company.deactivate_by_hand("Customer", asleep["Id"])
    company.create_by_hand("Customer", {"DisplayName": "Somebody Else", **mail("shared@example.com")})
    company.create_by_hand("Customer", {"DisplayName": "Same", "PrimaryPhone": {"FreeFormNumber": "555-9"}})
    world.organization(1, "Two Mails", email="two@example.com")
    world.organization(2, "Same Mail Inc", email="Shared@example.com", told=False)
    world.organization(3, "Twins", email="twin3@example.com")
    world.organization(4, "twins", email="twin4@example.com")
    world.organization(5, "same", email="", phone="555-1")
    job = world.begin(ORGANIZATIONS)
    assert job.counts == {"collides": 4, "matches": 1}
    assert world.report(ORGANIZATIONS) == {
        "Two Mails": (Outcome.COLLIDES, "customer_differs"),
        "Same Mail Inc": (Outcome.COLLIDES, "customer_email_taken"),
        "Twins": (Outcome.COLLIDES, "organization_in_doubt"),
        "twins": (Outcome.COLLIDES, "organization_in_doubt"),
        "same": (Outcome.MATCHES, ""),
    }
    before = company.entities("Customer")
    assert world.confirm(ORGANIZATIONS).done == 1
    assert company.entities("Customer") == before  # what the bookkeeper has stays as it is until Syncro changes it


def test_products_are_exported_and_matched_by_name(world: JobWorld, company: Company) -> None:
    income = next(each["Id"] for each in company.entities("Account") if each["AccountType"] == "Income")
    entered = {"Type": "Service", "IncomeAccountRef": {"value": income}, "UnitPrice": 5}
    kept = company.create_by_hand("Item", {"Name": "Labor", "Description": "As the bookkeeper says", **entered})
    before = len(company.entities("Item"))
    world.product(1, "labor", told=False, price_retail="95.5")
    world.product(2, "Toner", told=False, price_retail="64.99")
    world.product(3, "Out of the range", told=False, disabled=True)
    assert world.begin(PRODUCTS).counts == {"matches": 1, "new": 1, "left_out": 1}
    done = world.confirm(PRODUCTS)
    assert (done.state, done.done, done.not_done) == (JobState.DONE, 2, 0)
    assert company.get("Item", kept["Id"]) == kept
    (toner,) = [each for each in company.entities("Item") if each["Name"] == "Toner"]
    assert str(toner["UnitPrice"]) == "64.99"
    assert world.state("product", 1)["qbo_id"] == kept["Id"]
    assert len(company.entities("Item")) == before + 1
    world.begin(PRODUCTS)
    assert world.report(PRODUCTS)["Toner"] == (Outcome.LINKED, "")
    assert world.confirm(PRODUCTS).state is JobState.DONE  # running it again changes nothing
    assert len(company.entities("Item")) == before + 1


def test_a_name_taken_by_a_vendor_is_told_on_the_record_and_the_others_go_on(world: JobWorld, company: Company) -> None:
    company.create_by_hand("Vendor", {"DisplayName": "Both Sides"})
    world.organization(1, "Both Sides")
    world.organization(2, "Blue Sky")
    world.begin(ORGANIZATIONS)
    done = world.confirm(ORGANIZATIONS)
    assert (done.state, done.done, done.not_done) == (JobState.DONE, 1, 1)
    assert world.results(ORGANIZATIONS) == {"Both Sides": Result.NOT_DONE, "Blue Sky": Result.DONE}
    assert world.record("customer", 1)["status"] == "needs_attention"


def test_an_invoice_waits_for_one_batch_of_an_export_at_most(world: JobWorld, company: Company) -> None:
    for number in range(1, 121):
        world.product(1000 + number, f"Product {number:03}", told=False)
    world.begin(PRODUCTS)
    published: list[str] = []

    class AnInvoiceMeanwhile(Boundaries):
        def pass_through(self, name: str, *args: Any, **kwargs: Any) -> Any:
            answer = super().pass_through(name, *args, **kwargs)
            if name == "qbo.POST batch" and not published:
                published.append(name)
                lines = [line(1, None)]
                world.publish("invoice.created", invoice_detail(lines=lines, totals=("100.00", "8.00", "108.00")))
            return answer

    world.deployment.accounts.save_settings(ACCOUNT, ready_settings(company, quiet_seconds=0), version=1)
    world.start(AnInvoiceMeanwhile())
    before = len(world.emulator.journal)
    assert world.confirm(PRODUCTS).done == 120
    done = [call.path.rpartition("/")[2] for call in world.emulator.journal[before:] if call.method == "POST"]
    assert len(company.entities("Invoice")) == 1
    assert done == ["batch", "customer", "invoice", "batch", "batch", "batch"]


def test_cancelled_while_it_is_at_work(world: JobWorld, company: Company) -> None:
    for number in range(1, 41):
        world.product(number, f"Product {number:03}", told=False)
    job = world.begin(PRODUCTS)
    before = len(company.entities("Item"))
    jobs = world.deployment.jobs
    jobs.confirm(ACCOUNT, PRODUCTS, job.id, "user-1")
    jobs.cancel(ACCOUNT, PRODUCTS, job.id, "user-1")
    world.run()
    assert world.job(PRODUCTS).state is JobState.CANCELLED
    assert len(company.entities("Item")) == before
    with pytest.raises(JobRefused, match="it is cancelled"):
        jobs.confirm(ACCOUNT, PRODUCTS, job.id, "user-1")
    assert world.begin(PRODUCTS).counts == {"new": 40}
    assert world.confirm(PRODUCTS).done == 40


def test_one_job_of_a_kind_at_a_time(world: JobWorld) -> None:
    jobs = world.deployment.jobs
    with pytest.raises(JobRefused, match="not connected"):
        jobs.start("nobody", PRODUCTS, "user-1")
    first = jobs.start(ACCOUNT, PRODUCTS, "user-1")
    with pytest.raises(JobRefused, match="going on"):
        jobs.start(ACCOUNT, PRODUCTS, "user-1")
    with pytest.raises(JobRefused, match="it is listing"):
        jobs.confirm(ACCOUNT, PRODUCTS, first.id, "user-1")
    jobs.cancel(ACCOUNT, PRODUCTS, first.id, "user-1")
    assert jobs.start(ACCOUNT, PRODUCTS, "user-1").id != first.id


def test_without_reads_the_report_waits_and_what_is_live_goes_on(world: JobWorld, company: Company) -> None:
    del company
    world.organization(1, "Acme")
    world.deployment.jobs.start(ACCOUNT, ORGANIZATIONS, "user-1")
    month = f"workspace#reads#{world.clock.now():%Y-%m}"
    item = {"pk": {"S": month}, "sk": {"S": "counter"}, "used": {"N": "499999"}}
    world.table.put_item(TableName=world.table_name, Item=item)
    world.run_for(timedelta(minutes=5))
    job = world.job(ORGANIZATIONS)
    assert (job.state, job.problem.code if job.problem else "") == (JobState.READING, "read_allowance")
    item["used"] = {"N": "0"}
    world.table.put_item(TableName=world.table_name, Item=item)
    world.run()
    assert world.job(ORGANIZATIONS).state is JobState.REPORTED
    assert world.job(ORGANIZATIONS).problem is None
