"""Export and import of organizations: a report first, then what was confirmed, however often sessions end."""

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from emulators.quickbooks_desktop import AnswerLost
from emulators.quickbooks_desktop.statuses import HResult
from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.sync.accounts import Edition
from syncro_quickbooks.sync.job import Job, JobKind, JobState, Outcome, Result
from syncro_quickbooks.sync.jobs import JobRefused, Jobs
from syncro_quickbooks.sync.model import Kind, Status
from tests.support import aws, events
from tests.support.office import Office, sets
from tests.support.office_events import invoice

pytestmark = pytest.mark.usefixtures("aws_services")

EXPORT, IMPORT = JobKind.EXPORT_ORGANIZATIONS, JobKind.IMPORT_ORGANIZATIONS


@pytest.fixture
def office() -> Office:
    ready = Office()
    ready.run()  # reads the lists
    return ready


def jobs_of(office: Office) -> Jobs:
    return office.jobs


def organization(office: Office, syncro_id: int, name: str, *, version: int = 1, **fields: Any) -> None:
    """Syncro says something of an organization; nothing is sent for that alone."""
    customer = {**events.customer(syncro_id, name=name), **fields}
    del customer["version"]
    office.theirs.load("customers", customer)
    detail = {
        "event_id": f"customer-{syncro_id}-{version}",
        "account_id": office.account,
        "occurred_at": "2026-11-23T09:00:00.000Z",
        "version": version,
        "customer": customer,
    }
    office.publish("customer.updated", detail)


def job_of(office: Office, kind: JobKind = EXPORT) -> Job:
    job = jobs_of(office).newest(office.account, kind)
    assert job is not None
    return job


def report(office: Office, kind: JobKind = EXPORT) -> dict[str, tuple[Outcome, str]]:
    """Name, outcome and reason of every row."""
    rows = jobs_of(office).rows(job_of(office, kind))
    return {row.name: (row.outcome, row.problem.code if row.problem else "") for row in rows}


def results(office: Office, kind: JobKind = EXPORT) -> dict[str, Result]:
    return {row.name: row.result for row in jobs_of(office).rows(job_of(office, kind))}


def started(office: Office, kind: JobKind = EXPORT) -> Job:
    """The report is there."""
    jobs_of(office).start(office.account, kind, "user-1")
    office.run_until_quiet()
    return job_of(office, kind)


def confirmed(office: Office, kind: JobKind = EXPORT) -> Job:
    """The report was confirmed and applied."""
    jobs_of(office).confirm(office.account, kind, job_of(office, kind).id, "user-1")
    office.run_until_quiet()
    return job_of(office, kind)


def names(office: Office) -> list[str]:
    return sorted(each["FullName"] for each in office.company.entities("Customer"))


# -- export ------------------------------------------------------------------------------------------------------------


def test_an_export_reports_first_then_makes_and_links(office: Office) -> None:
    kept = office.company.enter("Customer", Name="Acme Dental", Email="old@acme.example", Phone="555-0100")
    organization(office, 1, "Acme  dental", email=None)
    organization(office, 2, "Blue Sky")
    job = started(office)
    assert (job.state, job.progress, job.counts) == (JobState.REPORTED, 50, {"matches": 1, "new": 1})
    assert report(office) == {"Acme  dental": (Outcome.MATCHES, ""), "Blue Sky": (Outcome.NEW, "")}
    assert names(office) == ["Acme Dental"]  # nothing is made before somebody has confirmed

    done = confirmed(office)
    assert (done.state, done.progress, done.done, done.not_done) == (JobState.DONE, 100, 2, 0)
    assert names(office) == ["Acme Dental", "Blue Sky"]
    (acme, _) = office.company.entities("Customer")
    assert (acme["ListID"], acme["EditSequence"]) == (kept["ListID"], kept["EditSequence"])
    assert office.state(Kind.CUSTOMER, 1).qbo_id == kept["ListID"]
    assert office.status(Kind.CUSTOMER, 1) == office.status(Kind.CUSTOMER, 2) == (Status.SYNCED, [])


def test_what_collides_is_reported_and_left_alone(office: Office) -> None:
    company = office.company
    company.enter("Customer", Name="Two Mails", Email="one@example.com")
    company.deactivate(company.enter("Customer", Name="Asleep")["ListID"])
    company.enter("Customer", Name="Somebody Else", Email="shared@example.com")
    company.enter("Customer", Name="A Very Long Organization Name That Goe #5")
    organization(office, 1, "Two Mails", email="two@example.com")
    organization(office, 2, "Asleep")
    organization(office, 3, "Same Mail Inc", email="Shared@example.com")
    organization(office, 4, "Twins", email="twin4@example.com")
    organization(office, 14, "twins", email="twin14@example.com")
    organization(office, 5, "A Very Long Organization Name That Goes On And On")
    job = started(office)
    assert job.counts == {"collides": 6}
    assert report(office) == {
        "Two Mails": (Outcome.COLLIDES, "customer_differs"),
        "Asleep": (Outcome.COLLIDES, "customer_differs"),
        "Same Mail Inc": (Outcome.COLLIDES, "customer_email_taken"),
        "Twins": (Outcome.COLLIDES, "organization_in_doubt"),
        "twins": (Outcome.COLLIDES, "organization_in_doubt"),
        "A Very Long Organization Name That Goes On And On": (Outcome.COLLIDES, "customer_name_taken"),
    }
    before = names(office)
    assert confirmed(office).state is JobState.DONE
    assert names(office) == before
    # What a person has not decided holds nothing up: an invoice decides by itself, as without the export.
    assert office.status(Kind.CUSTOMER, 5) == (Status.DORMANT, [])


def test_two_that_share_their_first_41_characters_stay_two(office: Office) -> None:
    shared = "Consolidated Widgets of North America and"
    organization(office, 1, f"{shared} Canada")
    organization(office, 2, f"{shared} Mexico")
    started(office)
    assert confirmed(office).done == 2
    made = {each["Name"]: each["Notes"] for each in office.company.entities("Customer")}
    assert sorted(len(name) <= 41 for name in made) == [True, True]
    assert {note.splitlines()[1] for note in made.values()} == {f"{shared} Canada", f"{shared} Mexico"}


def test_a_name_taken_by_a_vendor_is_told_on_the_record_and_the_others_go_on(office: Office) -> None:
    office.company.enter("Vendor", Name="Both Sides")
    organization(office, 1, "Both Sides")
    organization(office, 2, "Blue Sky")
    started(office)
    done = confirmed(office)
    assert (done.state, done.done, done.not_done) == (JobState.DONE, 1, 1)
    assert results(office) == {"Both Sides": Result.NOT_DONE, "Blue Sky": Result.DONE}
    assert office.status(Kind.CUSTOMER, 1) == (Status.NEEDS_ATTENTION, ["customer_name_taken"])


def test_what_changed_after_the_report_is_not_linked(office: Office) -> None:
    renamed = office.company.enter("Customer", Name="Acme")
    office.company.enter("Customer", Name="Blue Sky")
    organization(office, 1, "Acme")
    organization(office, 2, "Blue Sky")
    started(office)
    office.company.change(renamed["ListID"], Name="Acme (closed)")
    organization(office, 2, "Green Sky", version=2)
    assert confirmed(office).state is JobState.DONE
    assert results(office) == {"Acme": Result.CHANGED, "Blue Sky": Result.CHANGED}
    assert names(office) == ["Acme (closed)", "Blue Sky"]
    assert not office.state(Kind.CUSTOMER, 1).linked


def test_running_it_again_changes_nothing(office: Office) -> None:
    office.company.enter("Customer", Name="Acme Dental")
    for syncro_id, name in enumerate(["Acme Dental", "Blue Sky", "A: Colon", "x" * 60], start=1):
        organization(office, syncro_id, name)
    started(office)
    confirmed(office)
    before = office.company.entities("Customer")
    job = started(office)
    assert job.counts == {"linked": 4}
    assert confirmed(office).state is JobState.DONE
    assert office.company.entities("Customer") == before


def test_a_customer_marked_as_ours_is_linked_whatever_its_name(office: Office) -> None:
    marked = office.company.enter("Customer", Name="Renamed By Hand", Notes="syncro:customer:7:1\nsince 2019")
    organization(office, 7, "Original Name")
    assert started(office).counts == {"matches": 1}
    confirmed(office)
    assert office.state(Kind.CUSTOMER, 7).qbo_id == marked["ListID"]
    assert names(office) == ["Original Name"]  # what is ours is brought up to date


def test_deleted_organizations_are_left_out(office: Office) -> None:
    organization(office, 1, "Gone")
    detail = {"event_id": "gone", "account_id": office.account, "occurred_at": "2026-11-23T09:00:00.000Z", "version": 2}
    thing = {key: value for key, value in events.customer(1, name="Gone").items() if key != "version"}
    office.publish("customer.deleted", {**detail, "customer": thing})
    started(office)
    assert report(office) == {"Gone": (Outcome.LEFT_OUT, "deleted_in_syncro")}


# -- sessions ----------------------------------------------------------------------------------------------------------


def test_500_customers_over_several_sessions(office: Office) -> None:
    for number in range(500):
        office.company.enter("Customer", Name=f"Customer {number:03}")
    for number in range(430, 550):  # the last 50 are new
        organization(office, number, f"Customer {number:03}")
    jobs_of(office).start(office.account, EXPORT, "user-1")
    # The first session dies with its second page: the next one begins anew, with smaller pages.
    broken_run(office, 2)
    assert (job_of(office).state, job_of(office).progress) == (JobState.READING, 22)  # 10, and 200 of 500 of 30
    pages = []
    for one in office.run_until_quiet():
        pages += [each for each in one.exchanges if "CustomerQueryRq" in each.request]
    assert len(pages) == 5
    assert all("<MaxReturned>100</MaxReturned>" in each.request for each in pages)
    assert sum('iterator="Start"' in each.request for each in pages) == 1
    assert job_of(office).counts == {"matches": 70, "new": 50}

    jobs_of(office).confirm(office.account, EXPORT, job_of(office).id, "user-1")
    broken_run(office, 3)  # two questions for what matches, then the first set
    assert 50 < job_of(office).progress < 100
    office.run_until_quiet()
    assert (job_of(office).state, job_of(office).done, job_of(office).progress) == (JobState.DONE, 120, 100)
    assert names(office) == [f"Customer {number:03}" for number in range(550)]


def test_only_a_complete_reading_counts(office: Office) -> None:
    entered = [office.company.enter("Customer", Name=f"Customer {number:03}") for number in range(201)]
    jobs_of(office).start(office.account, IMPORT, "user-1")
    broken_run(office, 2)  # the first page has come
    office.company.delete(entered[0]["ListID"])
    office.run_until_quiet()
    assert job_of(office, IMPORT).counts == {"new": 200}
    assert "Customer 000" not in report(office, IMPORT)


def broken_run(office: Office, at: int) -> None:
    """A session in which the computer is switched off once QuickBooks has worked on the n-th message set."""
    done = []

    def around(name: str, call: Any) -> Any:
        result = call()
        if name == "ProcessRequest":
            done.append(name)
            if len(done) == at:
                raise AnswerLost
        return result

    office.connector.around = around
    with suppress(AnswerLost):
        office.run()
    office.connector.around = office._around


def test_an_invoice_overtakes_the_export(office: Office) -> None:
    for number in range(100):
        organization(office, number + 1, f"Customer {number:03}")
    started(office)
    jobs_of(office).confirm(office.account, EXPORT, job_of(office).id, "user-1")
    published: list[bool] = []

    def around(name: str, call: Any) -> Any:
        result = call()
        if name == "ProcessRequest" and not published:
            published.append(True)
            office.publish("invoice.created", invoice(owner=events.customer(999)))
        return result

    office.connector.around = around
    written = sets(office.run())
    assert [each.split()[-1] for each in written] == ["CustomerAdd", "InvoiceAdd", "CustomerAdd", "CustomerAdd"]
    assert written[1] == "CustomerAdd InvoiceAdd"
    assert [len(each.split()) for each in written] == [40, 2, 40, 20]
    assert job_of(office).state is JobState.DONE


def test_quickbooks_dying_of_a_page_costs_a_session_and_half_of_the_page(office: Office) -> None:
    organization(office, 1, "Acme")
    jobs_of(office).start(office.account, EXPORT, "user-1")

    def around(name: str, call: Any) -> Any:
        if name == "ProcessRequest":
            raise HResult("0x80040402")
        return call()

    office.connector.around = around
    office.run()
    office.connector.around = office._around
    assert (job_of(office).state, job_of(office).page_size) == (JobState.READING, 200)
    office.run_until_quiet()
    assert (job_of(office).state, job_of(office).page_size) == (JobState.REPORTED, 100)


def test_a_query_that_is_refused_again_and_again_ends_the_job(office: Office) -> None:
    jobs_of(office).start(office.account, EXPORT, "user-1")
    office.company.refuse("CustomerQuery", 3260, "Insufficient permission level to perform this action.", times=3)
    office.run_until_quiet()
    job = job_of(office)
    assert job.state is JobState.FAILED
    assert job.problem is not None
    assert job.problem.code == "qbd_3260"


def test_a_customer_that_is_locked_is_tried_again_later(office: Office) -> None:
    organization(office, 1, "Acme")
    organization(office, 2, "Blue Sky")
    started(office)
    jobs_of(office).confirm(office.account, EXPORT, job_of(office).id, "user-1")
    office.company.refuse_locked("CustomerAdd")
    office.run()
    assert names(office) == ["Blue Sky"]
    assert (job_of(office).state, job_of(office).done) == (JobState.APPLYING, 1)
    office.run_until_quiet()
    assert names(office) == ["Acme", "Blue Sky"]
    assert (job_of(office).state, job_of(office).done) == (JobState.DONE, 2)


def test_posting_stop_and_pause_hold_the_job_too(office: Office) -> None:
    organization(office, 1, "Acme")
    jobs_of(office).start(office.account, EXPORT, "user-1")
    office.accounts.stop_posting(f"account#{office.account}", "stocktaking")
    assert office.run().outcome == "none"
    office.accounts.allow_posting(f"account#{office.account}")
    office.run_until_quiet()
    assert job_of(office).state is JobState.REPORTED


# -- start, confirm, cancel --------------------------------------------------------------------------------------------


def test_cancelled_before_it_was_confirmed(office: Office) -> None:
    organization(office, 1, "Acme")
    job = started(office)
    cancelled = jobs_of(office).cancel(office.account, EXPORT, job.id, "user-1")
    assert (cancelled.state, cancelled.progress) == (JobState.CANCELLED, 100)
    with pytest.raises(JobRefused, match="it is cancelled"):
        jobs_of(office).confirm(office.account, EXPORT, job.id, "user-1")
    assert office.run().outcome == "none"
    assert names(office) == []


@pytest.mark.parametrize("moment", ["reading", "applying"])
def test_cancelled_while_it_is_at_work(office: Office, moment: str) -> None:
    for number in range(100):
        organization(office, number + 1, f"Customer {number:03}")
    job = jobs_of(office).start(office.account, EXPORT, "user-1")
    if moment == "applying":
        office.run_until_quiet()
        jobs_of(office).confirm(office.account, EXPORT, job.id, "user-1")
    done: list[bool] = []

    def around(name: str, call: Any) -> Any:
        if name == "ProcessRequest" and not done:
            done.append(True)
            jobs_of(office).cancel(office.account, EXPORT, job.id, "user-1")
        return call()

    office.connector.around = around
    office.run_until_quiet()
    assert job_of(office).state is JobState.CANCELLED
    assert len(names(office)) == (40 if moment == "applying" else 0)  # what was handed over went out


def test_one_job_of_a_kind_at_a_time(office: Office) -> None:
    jobs = jobs_of(office)
    with pytest.raises(JobRefused, match="not connected"):
        jobs.start("nobody", EXPORT, "user-1")
    first = jobs.start(office.account, EXPORT, "user-1")
    with pytest.raises(JobRefused, match="going on"):
        jobs.start(office.account, EXPORT, "user-1")
    with pytest.raises(JobRefused, match="it is listing"):
        jobs.confirm(office.account, EXPORT, first.id, "user-1")
    with pytest.raises(JobRefused, match="none of this id"):
        jobs.cancel(office.account, EXPORT, "another", "user-1")
    jobs.start(office.account, IMPORT, "user-1")
    jobs.cancel(office.account, EXPORT, first.id, "user-1")
    assert jobs.start(office.account, EXPORT, "user-1").id != first.id


def test_the_deployment_builds_the_jobs(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", aws.REGION)
    environ = {
        "TABLE_NAME": office.service.table._name,
        "PUSH_QUEUE_URL": aws.queue("desktop-push.fifo"),
        "WAKE_LATER_QUEUE_URL": aws.queue("desktop-later"),
        "JOBS_QUEUE_URL": aws.queue("desktop-jobs.fifo"),
    }
    clients: Any = SimpleNamespace(dynamodb=office.service.dynamodb, sqs=office.service.sqs)
    jobs = Deployment(environ, clock=office.clock, aws=clients).jobs
    job = jobs.start(office.account, EXPORT, "user-1")
    assert jobs.newest(office.account, EXPORT) == job == job_of(office)


@pytest.mark.parametrize("kind", [JobKind.EXPORT_PRODUCTS, JobKind.IMPORT_PRODUCTS, JobKind.IMPORT_VENDORS])
def test_desktop_has_jobs_of_organizations_only(office: Office, kind: JobKind) -> None:
    with pytest.raises(JobRefused, match="only organizations"):
        jobs_of(office).start(office.account, kind, "user-1")


def test_a_company_that_was_left_takes_its_job_along(office: Office) -> None:
    organization(office, 1, "Acme")
    jobs_of(office).start(office.account, EXPORT, "user-1")
    before = office.accounts.connection(office.account)
    assert before is not None
    left = office.accounts.leaving(office.account, before.realm_id)
    office.service.table.write(left)
    office.accounts.connect(office.account, Edition.DESKTOP, "{another-file}")
    assert jobs_of(office).working(office.account, "{another-file}") == []
    assert jobs_of(office).start(office.account, EXPORT, "user-1").realm_id == "{another-file}"


# -- import ------------------------------------------------------------------------------------------------------------


def test_an_import_reports_sub_customers_and_collisions_and_links_what_matches(office: Office) -> None:
    company = office.company
    acme = company.enter("Customer", Name="Acme", Email="office@acme.example", Phone="555-0100")
    kitchen = company.enter("Customer", Name="Kitchen", ParentRef={"ListID": acme["ListID"]})
    company.enter("Customer", Name="Attic", ParentRef={"ListID": acme["ListID"]}, Email="office@acme.example")
    company.enter("Customer", Name="New One", Email="new@example.com", BillAddress={"Addr1": "1 Main St"})
    company.enter("Customer", Name="Mail Twin", Email="TAKEN@example.com")
    company.enter("Customer", Name="Other Mail", Email="a@example.com")
    company.deactivate(company.enter("Customer", Name="Asleep")["ListID"])
    organization(office, 1, "Acme", email="office@acme.example")
    organization(office, 2, "Somebody", email="taken@example.com")
    organization(office, 3, "Other Mail", email="b@example.com")
    job = started(office, IMPORT)
    assert report(office, IMPORT) == {
        "Acme": (Outcome.MATCHES, ""),
        "Acme:Kitchen": (Outcome.NEW, ""),
        "Acme:Attic": (Outcome.COLLIDES, "customer_email_taken"),
        "New One": (Outcome.NEW, ""),
        "Mail Twin": (Outcome.COLLIDES, "customer_email_taken"),
        "Other Mail": (Outcome.COLLIDES, "organization_name_taken"),
        "Asleep": (Outcome.LEFT_OUT, "customer_inactive"),
    }
    (new,) = [row for row in jobs_of(office).rows(job, Outcome.NEW) if row.name == "New One"]
    assert new.fields["Email"] == "new@example.com"
    assert new.fields["BillAddress"] == {"Addr1": "1 Main St"}

    before = company.entities("Customer")
    done = confirmed(office, IMPORT)
    assert (done.state, done.done, done.not_done) == (JobState.DONE, 3, 0)
    assert company.entities("Customer") == before
    assert office.state(Kind.CUSTOMER, 1).qbo_id == acme["ListID"]
    made = {each["business_then_name"]: each for each in office.theirs.all("customers")}
    assert sorted(made) == ["Acme", "Acme:Kitchen", "New One", "Other Mail", "Somebody"]
    assert (made["New One"]["email"], made["New One"]["address"]) == ("new@example.com", "1 Main St")
    assert office.state(Kind.CUSTOMER, made["Acme:Kitchen"]["id"]).qbo_id == kitchen["ListID"]


def test_a_sub_customer_that_was_imported_stays_where_it_is(office: Office) -> None:
    acme = office.company.enter("Customer", Name="Acme")
    kitchen = office.company.enter("Customer", Name="Kitchen", ParentRef={"ListID": acme["ListID"]})
    organization(office, 8, "Acme:Kitchen")
    started(office, IMPORT)
    confirmed(office, IMPORT)
    assert office.state(Kind.CUSTOMER, 8).qbo_id == kitchen["ListID"]
    owner = {**events.customer(8, name="Acme:Kitchen", version=2), "phone": "555-9999"}
    office.publish("invoice.created", invoice(owner=owner))
    office.run_until_quiet()
    (posted,) = office.company.entities("Invoice")
    assert posted["CustomerRef"]["FullName"] == "Acme:Kitchen"
    (phone,) = (each["Phone"] for each in office.company.entities("Customer") if each["ListID"] == kitchen["ListID"])
    assert phone == "555-9999"
