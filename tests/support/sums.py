"""The sums of a nightly comparison, to be compared with what was worked out by hand."""

from decimal import Decimal

from syncro_quickbooks.sync.reconciliation import KindSums, Line, Reconciliation, Sum


def figures(each: Sum) -> tuple[int, str, str]:
    """Number, total and what is open."""
    return each.count, str(each.total), str(each.open)


def lines(sums: KindSums) -> dict[Line, tuple[int, str, str]]:
    """The figures of each line."""
    return {line: figures(each) for line, each in sums.lines.items()}


def assert_adds_up(found: Reconciliation) -> None:
    """Syncro less every line is QuickBooks, to the cent: added up here once more."""
    for sums in found.kinds.values():
        for field in ("count", "total", "open"):
            less = sum((getattr(each, field) for each in sums.lines.values()), Decimal(0))
            assert getattr(sums.syncro, field) - less == getattr(sums.quickbooks, field)
