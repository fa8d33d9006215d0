"""Imports into Syncro: a report first, then what was confirmed is made there, and linked."""

from typing import Any

import pytest

from syncro_quickbooks.sync.job import JobKind, JobState, Outcome, Result
from tests.support.events import ACCOUNT
from tests.support.job_world import JobWorld

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
