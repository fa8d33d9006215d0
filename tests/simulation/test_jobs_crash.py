"""Death, lost answers and late commits at every call of one-time jobs: each thing is there once, linked."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest

from syncro_quickbooks.sync.job import JobKind, JobState, Outcome
from tests.support.boundaries import Boundaries, Mode
from tests.support.cut_over import LINK, cut_over, in_quickbooks, in_syncro, open_in_both, paid_in_syncro
from tests.support.events import ACCOUNT
from tests.support.job_world import JobWorld

pytestmark = pytest.mark.usefixtures("aws_services")

IMPORT, EXPORT = JobKind.IMPORT_ORGANIZATIONS, JobKind.EXPORT_PRODUCTS
SLICES = 2


@dataclass(frozen=True)
class Story:
    """How a job begins (reported and confirmed, or only started), and what must be true at its end."""

    begin: Callable[[JobWorld], None]
    check: Callable[[JobWorld], None]


def customers(world: JobWorld) -> None:
    company = world.companies[ACCOUNT]
    parent = company.create_by_hand("Customer", {"DisplayName": "Acme"})
    company.create_by_hand("Customer", {"DisplayName": "Kitchen", "Job": True, "ParentRef": {"value": parent["Id"]}})
    company.create_by_hand("Customer", {"DisplayName": "Blue", "PrimaryEmailAddr": {"Address": "b@example.com"}})
    company.create_by_hand("Customer", {"DisplayName": "Known"})
    world.organization(1, "Known", email="", told=False)


def products(world: JobWorld) -> None:
    for number in (1, 2, 3):
        world.product(number, f"Product {number}", told=False)


def import_begins(world: JobWorld) -> None:
    customers(world)
    world.begin(IMPORT)
    world.deployment.jobs.confirm(ACCOUNT, IMPORT, world.job(IMPORT).id, "user-1")


def imported(world: JobWorld) -> None:
    names = sorted(each["business_then_name"] for each in world.theirs.all("customers"))
    assert names == ["Acme", "Acme:Kitchen", "Blue", "Known"]
    job = world.job(IMPORT)
    assert (job.state, job.done, job.not_done, job.open, job.tried) == (JobState.DONE, 4, 0, (), {})
    ours = {each["DisplayName"]: each["Id"] for each in world.companies[ACCOUNT].entities("Customer")}
    for each in world.theirs.all("customers"):
        assert world.state("customer", each["id"])["qbo_id"] == ours[each["business_then_name"].rpartition(":")[2]]
    assert len(ours) == 4


def export_begins(world: JobWorld) -> None:
    products(world)
    world.begin(EXPORT)
    world.deployment.jobs.confirm(ACCOUNT, EXPORT, world.job(EXPORT).id, "user-1")


def exported(world: JobWorld) -> None:
    names = [each["Name"] for each in world.companies[ACCOUNT].entities("Item") if each["Name"].startswith("Product")]
    assert sorted(names) == ["Product 1", "Product 2", "Product 3"]
    job = world.job(EXPORT)
    assert (job.state, job.done, job.not_done, job.open) == (JobState.DONE, 3, 0, ())


def report_begins(world: JobWorld) -> None:
    customers(world)
    world.deployment.jobs.start(ACCOUNT, IMPORT, "user-1")


def reported(world: JobWorld) -> None:
    assert world.job(IMPORT).state is JobState.REPORTED
    assert world.report(IMPORT) == {
        "Acme": (Outcome.NEW, ""),
        "Acme:Kitchen": (Outcome.NEW, ""),
        "Blue": (Outcome.NEW, ""),
        "Known": (Outcome.MATCHES, ""),
    }
    assert world.job(IMPORT).counts == {"matches": 1, "new": 3}
    assert len(world.theirs.all("customers")) == 1


def open_invoices(world: JobWorld) -> None:
    """One that only the API tells of, partly paid in both books; one that a payment waits for, closed in Syncro."""
    cut_over(world)
    in_syncro(world, 1, number="A-1", due="156.00")
    in_quickbooks(world, "A-1", paid="60.00")
    in_syncro(world, 2, number="A-2", told=True)
    in_quickbooks(world, "A-2")
    in_syncro(world, 3, number="A-3")
    in_quickbooks(world, "A-3", total="1.00")
    paid_in_syncro(world, 344, "216.00", 2)


def linking_is_reported(world: JobWorld) -> None:
    open_invoices(world)
    world.deployment.jobs.start(ACCOUNT, LINK, "user-1")


def linking_reported(world: JobWorld) -> None:
    assert (world.job(LINK).state, world.job(LINK).counts) == (JobState.REPORTED, {"matches": 2, "differs": 1})
    assert world.record("payment", 344)["status"] == "needs_attention"
    assert len(world.companies[ACCOUNT].entities("Payment")) == 1


def linking_begins(world: JobWorld) -> None:
    open_invoices(world)
    world.begin(LINK)
    world.deployment.jobs.confirm(ACCOUNT, LINK, world.job(LINK).id, "user-1")


def linked(world: JobWorld) -> None:
    """Then another payment comes, with nothing in its way any more."""
    job = world.job(LINK)
    assert (job.state, job.done, job.not_done, job.open) == (JobState.DONE, 2, 0, ())
    paid_in_syncro(world, 345, "100.00", 1)
    books = {each["DocNumber"]: each for each in world.companies[ACCOUNT].entities("Invoice")}
    assert sorted(books) == ["A-1", "A-2", "A-3"]
    for invoice_id, left in ((1, 56), (2, 0)):
        document = books[f"A-{invoice_id}"]
        assert world.state("invoice", invoice_id)["qbo_id"] == document["Id"]
        assert world.record("invoice", invoice_id)["status"] == "synced"
        assert open_in_both(world, document, invoice_id) == (Decimal(left), Decimal(left))
    amounts = sorted(str(each["TotalAmt"]) for each in world.companies[ACCOUNT].entities("Payment"))
    assert amounts == ["100.00", "216.00", "60.00"]


STORIES = {
    "import": Story(import_begins, imported),
    "export": Story(export_begins, exported),
    "report": Story(report_begins, reported),
    "link": Story(linking_begins, linked),
    "report of links": Story(linking_is_reported, linking_reported),
}
MAY_BE_LATE = {"import": "syncro.POST", "link": "qbo.POST payment"}
MODES = [(name, mode) for name in STORIES for mode in (Mode.BEFORE, Mode.AFTER, Mode.LOST)]
MODES += [(name, Mode.LATE) for name in MAY_BE_LATE]


def begun(story: Story, boundaries: Boundaries) -> JobWorld:
    world = JobWorld()
    world.connect()
    story.begin(world)
    world.start(boundaries)
    world.run()
    return world


@pytest.mark.parametrize("slice_", range(SLICES))
@pytest.mark.parametrize(("name", "mode"), MODES)
def test_interrupted_at_any_call_the_job_comes_to_the_same_end(name: str, mode: Mode, slice_: int) -> None:
    story = STORIES[name]
    whole = begun(story, Boundaries())
    calls = list(whole.boundaries.calls)
    story.check(whole)
    meets = [at for at, call in enumerate(calls) if mode is not Mode.LATE or call.startswith(MAY_BE_LATE[name])]
    assert meets
    for at in meets[slice_::SLICES]:
        world = begun(story, Boundaries(at=at, mode=mode))
        try:
            assert world.boundaries.hit == calls[at]
            story.check(world)
        except AssertionError as error:
            raise AssertionError(f"{name}, call {at} ({calls[at]}) {mode}: {error}") from error
