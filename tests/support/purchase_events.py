"""Events of what a shop buys, as Syncro sends them, built in a few words. Figures are given by the test."""

from typing import Any

from tests.support.events import ACCOUNT, customer, product

CREATED_AT = "2026-11-08T16:56:29.000Z"
FINISHED_AT = "2026-11-18T15:00:00.000Z"


def vendor(
    vendor_id: int = 690, *, version: int = 1, name: str = "Ingram Distribution", **fields: Any
) -> dict[str, Any]:
    return {
        "version": version,
        "id": vendor_id,
        "name": name,
        "rep_first_name": None,
        "rep_last_name": None,
        "email": f"orders{vendor_id}@example.com",
        "phone": None,
        "account_number": None,
        "address": None,
        "city": None,
        "state": None,
        "zip": None,
        "website": None,
        **fields,
    }


def stocked(product_id: int, **fields: Any) -> dict[str, Any]:
    return {**product(product_id), "maintain_stock": True, "price_cost": "40.1", "product_category": None, **fields}


def order_line(
    line_id: int, product_id: int, quantity: str, cost_cents: str, *, received: str | None = None
) -> dict[str, Any]:
    return {
        "id": line_id,
        "product_id": product_id,
        "quantity": quantity,
        "cost_cents": cost_cents,
        "received_quantity": received,
        "position": line_id,
    }


def order_detail(
    order_id: int = 707,
    *,
    version: int = 1,
    lines: list[dict[str, Any]] | None = None,
    supplier: dict[str, Any] | None = None,
    products: list[dict[str, Any]] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """The detail of a purchase order event: 12 at 40.10 and 2 at 25.00 are 531.20, with 17.50 shipping and 3.25 other
    charges 551.95."""
    supplier = supplier or vendor()
    lines = [order_line(1, 27, "12", "4010"), order_line(2, 28, "2", "2500")] if lines is None else lines
    named = sorted({line["product_id"] for line in lines})
    return {
        "event_id": f"event-po-{order_id}-{version}",
        "account_id": ACCOUNT,
        "occurred_at": "2026-11-18T15:00:00.000Z",
        "version": version,
        "purchase_order": {
            "id": order_id,
            "vendor_id": supplier["id"],
            "number": f"VN-{order_id}",
            "status": "Pending",
            "created_at": CREATED_AT,
            "expected_date": None,
            "due_date": None,
            "finished_at": None,
            "shipping": "17.5",
            "other": "3.25",
            "shipping_notes": "fragile",
            "general_notes": "not for the books",
            "total": "551.95",
            "location_id": None,
            "line_items": lines,
            **fields,
        },
        "vendor": supplier,
        "products": [stocked(each) for each in named] if products is None else products,
    }


def finished(version: int = 2, **fields: Any) -> dict[str, Any]:
    """The same order, finished on 18 November, due on the 29th."""
    state = {"status": "Finished", "finished_at": FINISHED_AT, "due_date": "2026-11-29T00:00:00.000Z"}
    return order_detail(version=version, **{**state, **fields})


def sold_line(
    line_id: int, product_id: int | None, quantity: str, price: str, cost: str = "", *, name: str = "Used thing"
) -> dict[str, Any]:
    return {
        "id": line_id,
        "product_id": product_id,
        "item": name,
        "name": name,
        "quantity": quantity,
        "price": price,
        "cost": cost or price,
    }


def purchase_detail(
    purchase_id: int = 715,
    *,
    version: int = 1,
    lines: list[dict[str, Any]] | None = None,
    seller: dict[str, Any] | None = None,
    products: list[dict[str, Any]] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """The detail of a customer purchase event: two modules at 35.00 and a laptop at 180.00, 250.00 in cash."""
    seller = seller or customer(84, name="Used Laptop Seller")
    lines = (
        [sold_line(1, 26, "2", "35.0"), sold_line(2, None, "1", "180.0", name="Used ThinkPad")]
        if lines is None
        else lines
    )
    named = sorted({line["product_id"] for line in lines if line["product_id"] is not None})
    return {
        "event_id": f"event-cp-{purchase_id}-{version}",
        "account_id": ACCOUNT,
        "occurred_at": "2026-11-08T19:45:11.000Z",
        "version": version,
        "customer_purchase": {
            "id": purchase_id,
            "customer_id": seller["id"],
            "number": f"CP-{purchase_id}",
            "status": "Paid Out",
            "payment_method": "Cash",
            "paid_out": True,
            "paid_out_at": "2026-11-08T19:45:11.000Z",
            "total": "250.00",
            "notes": None,
            "line_items": lines,
            **fields,
        },
        "customer": seller,
        "products": [stocked(each) for each in named] if products is None else products,
    }
