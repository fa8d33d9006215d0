"""Death and lost answers at every call of an export: its report is right, and every organization is a customer once."""

import pytest

from syncro_quickbooks.desktop import passwords
from syncro_quickbooks.sync.job import JobState, Outcome, Result
from syncro_quickbooks.sync.model import Kind, Status
from tests.integration.desktop.test_organization_jobs import (
    EXPORT,
    job_of,
    jobs_of,
    names,
    organization,
    report,
    results,
)
from tests.simulation.test_desktop_crash_everywhere import interrupt, matters
from tests.support.boundaries import Boundaries, Mode
from tests.support.office import Office

pytestmark = pytest.mark.usefixtures("aws_services")

SLICES = 3


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password costs a quarter of a second to check, by design; here it need not."""
    monkeypatch.setattr(passwords, "_COST", 16)


def reporting() -> Office:
    """An export was started: one organization is there already, one has another's e-mail address, two are new."""
    office = Office()
    office.run()
    office.company.enter("Customer", Name="Acme", Email="acme@example.com")
    office.company.enter("Customer", Name="Somebody", Email="shared@example.com")
    organization(office, 1, "Acme", email="acme@example.com")
    organization(office, 2, "Somebody Else", email="shared@example.com")
    organization(office, 3, "Blue Sky")
    organization(office, 4, "An Organization With A Name That Is Too Long For QuickBooks")
    jobs_of(office).start(office.account, EXPORT, "user-1")
    office.work_in_syncro()
    return office


def reported(office: Office) -> None:
    assert (job_of(office).state, job_of(office).counts) == (JobState.REPORTED, {"matches": 1, "new": 2, "collides": 1})
    assert report(office) == {
        "Acme": (Outcome.MATCHES, ""),
        "Somebody Else": (Outcome.COLLIDES, "customer_email_taken"),
        "Blue Sky": (Outcome.NEW, ""),
        "An Organization With A Name That Is Too Long For QuickBooks": (Outcome.NEW, ""),
    }
    assert names(office) == ["Acme", "Somebody"]


def applying() -> Office:
    """The report was confirmed."""
    office = reporting()
    office.run_until_quiet()
    jobs_of(office).confirm(office.account, EXPORT, job_of(office).id, "user-1")
    return office


def applied(office: Office) -> None:
    job = job_of(office)
    assert (job.state, job.done, job.not_done, job.open) == (JobState.DONE, 3, 0, ())
    assert names(office) == ["Acme", "An Organization With A Name That Is To #4", "Blue Sky", "Somebody"]
    assert sorted(results(office).values()) == [Result.NONE, Result.DONE, Result.DONE, Result.DONE]
    acme = office.company.named("Customer", "Acme")
    assert acme is not None
    assert office.state(Kind.CUSTOMER, 1).qbo_id == acme["ListID"]
    for syncro_id in (1, 3, 4):
        assert office.status(Kind.CUSTOMER, syncro_id) == (Status.SYNCED, [])
    assert office.status(Kind.CUSTOMER, 2) == (Status.DORMANT, [])


STORIES = {"report": (reporting, reported), "apply": (applying, applied)}


@pytest.mark.parametrize("slice_", range(SLICES))
@pytest.mark.parametrize("mode", [Mode.AFTER, Mode.LOST])
@pytest.mark.parametrize("name", STORIES)
def test_interrupted_at_any_call_the_job_comes_to_the_same_end(name: str, mode: Mode, slice_: int) -> None:
    start, check = STORIES[name]
    office = start()
    office.boundaries.calls.clear()
    office.run_until_quiet()
    check(office)
    calls = list(office.boundaries.calls)
    for at in [at for at, call in enumerate(calls) if matters(name, mode, call)][slice_::SLICES]:
        office = start()
        interrupt(office, at, mode)
        assert office.boundaries.hit
        office.boundaries = Boundaries()
        office.run_until_quiet()
        try:
            check(office)
        except AssertionError as error:
            raise AssertionError(f"interrupted at {at}: {calls[at]} ({mode}): {error}") from error
