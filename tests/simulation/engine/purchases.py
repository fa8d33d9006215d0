"""What an account buys: purchase orders of stocked products with two vendors, and Syncro's own figures of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.goods import Goods, cents
from tests.support.purchase_events import order_detail, order_line, vendor

VENDORS = (690, 691)
ZONE = ZoneInfo("America/Chicago")
"""The time zone in the settings, in which a moment is a day of the books."""


@dataclass(frozen=True)
class OrderLine:
    """A line of a purchase order; `cost` of one."""

    product: int
    quantity: int
    cost: Decimal

    @property
    def amount(self) -> Decimal:
        """What the line comes to."""
        return cents(self.cost * self.quantity)


@dataclass
class Order:
    """A purchase order; finished, it is received as a whole. What is charged for shipping is not for the books.

    `vendor_version` is the vendor's that was last told with it.
    """

    id: int
    lines: Sequence[OrderLine]
    shipping: Decimal = Decimal(0)
    version: int = 1
    finished: bool = False
    vendor_version: int = 1

    @property
    def vendor(self) -> int:
        """Whom it is bought from."""
        return VENDORS[self.id % 4 == 0]

    @property
    def number(self) -> str:
        """The order's number."""
        return f"VN-{self.id}"

    @property
    def total(self) -> Decimal:
        """What the lines come to."""
        return sum((each.amount for each in self.lines), Decimal(0))

    @property
    def day(self) -> date:
        """The day it was made, at the account's place."""
        return self._made_at.astimezone(ZONE).date()

    @property
    def finished_on(self) -> date:
        """The day it is finished, at the account's place."""
        return self._finished_at.astimezone(ZONE).date()

    @property
    def due(self) -> date | None:
        """The day by which it is to be paid, if somebody has said so."""
        return date(2026, 11, 29) if self.id % 3 else None

    @property
    def _made_at(self) -> datetime:
        return datetime(2026, 11, 2 + self.id % 7, *self._time_of_day, tzinfo=UTC)

    @property
    def _finished_at(self) -> datetime:
        return datetime(2026, 11, 18, *self._time_of_day, tzinfo=UTC)

    @property
    def _time_of_day(self) -> tuple[int, int]:
        return (3, 10) if self.id % 2 else (16, 56)  # in Chicago it is still the day before

    def told(self, goods: Goods, supplier: dict[str, Any]) -> dict[str, Any]:
        """The order as an event has it."""
        lines = [
            order_line(
                place,
                each.product,
                str(each.quantity),
                str(int(each.cost * 100)),
                received=str(each.quantity) if self.finished else None,
            )
            for place, each in enumerate(self.lines, start=1)
        ]
        state = {"status": "Finished", "finished_at": _text(self._finished_at)} if self.finished else {}
        return order_detail(
            self.id,
            version=self.version,
            lines=lines,
            supplier=supplier,
            products=[goods.told(each) for each in sorted({line.product for line in self.lines})],
            number=self.number,
            created_at=_text(self._made_at),
            due_date=f"{self.due}T00:00:00.000Z" if self.due else None,
            total=str(self.total + self.shipping),
            shipping=str(self.shipping),
            other="0",
            **state,
        )


def supplier(account: str, vendor_id: int, version: int) -> dict[str, Any]:
    """A vendor as events have it."""
    return vendor(vendor_id, version=version, name=supplier_name(account, vendor_id, version))


def supplier_name(account: str, vendor_id: int, version: int) -> str:
    """What a vendor is called in that version."""
    return f"{account} supplies {vendor_id}" + (f" renamed {version}" if version > 1 else "")


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"
