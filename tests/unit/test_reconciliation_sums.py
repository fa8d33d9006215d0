"""Whatever the documents: Syncro less every line is QuickBooks, and what is the same on both sides is in no line."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from syncro_quickbooks.sync.model import Kind, RecordKey, Status
from syncro_quickbooks.sync.reconciliation import Document, Line, Side, problem_of, reconcile
from syncro_quickbooks.sync.records import Record, View
from syncro_quickbooks.sync.said import said_of
from syncro_quickbooks.sync.settings import Settings
from tests.support.payment_events import allocation, payment_detail

cents = st.integers(-10_000_00, 10_000_00).map(lambda number: Decimal(number).scaleb(-2))
nothing = st.just(Side())
sides = st.one_of(nothing, st.builds(Side, there=st.just(value=True), total=cents, open=cents))
settling = st.dictionaries(st.sampled_from([Line.SKIPPED, Line.WAITING, Line.FAILED, Line.WARNED]), cents, max_size=3)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A document of any kind and status; only invoices are open."""
    kind = draw(st.sampled_from([Kind.INVOICE, Kind.PAYMENT, Kind.BILL, Kind.STORE_CREDIT]))
    said, written, found = draw(sides), draw(sides), draw(sides)
    open_counts = kind is Kind.INVOICE and draw(st.booleans())
    if not open_counts:
        said, written, found = (Side(side.there, side.total) for side in (said, written, found))
    key = RecordKey(kind, str(draw(st.integers(1, 99))))
    return Document(
        key,
        f"{kind} {key.id}",
        draw(st.sampled_from(list(Status))),
        said,
        written,
        found,
        settling=draw(settling) if open_counts else {},
        judge_open=open_counts,
    )


@given(st.lists(documents(), max_size=12))
def test_the_sums_agree_and_every_line_is_the_sum_of_its_documents(given_documents: list[Document]) -> None:
    result = reconcile(given_documents)
    for kind, sums in result.kinds.items():
        for field in ("count", "total", "open"):
            less = sum(getattr(each, field) for each in sums.lines.values())
            assert getattr(sums.syncro, field) - less == getattr(sums.quickbooks, field)
        for line, each in sums.lines.items():
            listed = [one for one in result.listed if one.key.kind is kind and one.line is line]
            assert sum(one.total for one in listed) == each.total
            assert sum(one.open for one in listed) == each.open


@given(documents())
def test_what_is_not_as_it_was_written_is_never_explained_away(document: Document) -> None:
    by_hand = document.written.there != document.found.there or document.written.total != document.found.total
    unexplained = reconcile([document]).unexplained
    if by_hand:
        assert len(unexplained) == 1
        if document.status is not Status.SYNCED:  # what a synced record says otherwise is unexplained, too
            assert unexplained[0].total == document.written.total - document.found.total
        assert document.name in problem_of(unexplained).message


def test_the_same_on_both_sides_is_in_no_line() -> None:
    same = Side(there=True, total=Decimal("216.00"), open=Decimal("116.00"))
    document = Document(RecordKey(Kind.INVOICE, "1"), "Invoice 1", Status.SYNCED, same, same, same, judge_open=True)
    result = reconcile([document])
    assert result.listed == []
    assert result.kinds[Kind.INVOICE].lines == {}


def test_a_document_that_nobody_wrote_is_explained_only_where_it_may_be_booked_elsewhere() -> None:
    said = Side(there=True, total=Decimal("50.00"))
    order = Document(RecordKey(Kind.PURCHASE_ORDER, "7"), "Purchase order 7", Status.SYNCED, said, Side(), Side())
    (listed,) = reconcile([order]).unexplained
    assert (listed.total, listed.reason) == (
        Decimal("50.00"),
        "Purchase order 7 counts as synced, but QuickBooks has no document of it.",
    )
    key = RecordKey(Kind.STORE_CREDIT, "8")
    left = Document(key, "Store credit 8", Status.SYNCED, said, Side(), Side(), elsewhere="It is left of a payment.")
    (listed,) = reconcile([left]).listed
    assert (listed.line, listed.total, listed.reason) == (
        Line.ELSEWHERE,
        Decimal("50.00"),
        "It is left of a payment.",
    )


def test_what_is_nowhere_in_either_is_in_no_line() -> None:
    key = RecordKey(Kind.PAYMENT, "9")
    deleted = Document(key, "Payment 9", Status.SYNCED, Side(), Side(), Side(), elsewhere="From a credit.")
    assert reconcile([deleted]).listed == []


def test_a_payment_may_be_booked_elsewhere_but_its_write_off_may_not() -> None:
    desired = payment_detail(7, "20.00", [allocation(1, "20.00")])["payment"]
    payment, write_off = (
        said_of(View(Record(RecordKey(kind, "7"), version=1, desired=desired)), Settings())
        for kind in (Kind.PAYMENT, Kind.WRITE_OFF)
    )
    assert payment is not None
    assert write_off is not None
    assert payment.elsewhere
    assert not write_off.elsewhere
