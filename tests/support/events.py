"""Events as Syncro sends them, built in a few words. Figures are given by the test, never computed by the mapper."""

from typing import Any

ACCOUNT = "acme"


def customer(
    customer_id: int = 72, *, version: int = 1, name: str = "Returns R Us", email: str | None = None
) -> dict[str, Any]:
    return {
        "version": version,
        "id": customer_id,
        "business_name": name,
        "business_then_name": name,
        "firstname": None,
        "lastname": None,
        "email": email if email is not None else f"billing{customer_id}@example.com",
        "phone": "555-0172",
        "tax_free": False,
        "disabled": False,
        "invoice_term_id": None,
    }


def product(product_id: int, *, version: int = 1, name: str | None = None) -> dict[str, Any]:
    return {
        "version": version,
        "id": product_id,
        "name": name or f"Product {product_id}",
        "description": f"What product {product_id} is",
        "price_retail": "100.0",
        "price_cost": "0.0",
        "maintain_stock": False,
        "taxable": True,
        "disabled": False,
        "product_category": "Labor",
    }


def line(line_id: int, product_id: int | None, *, price: str = "100.0", quantity: str = "1.0") -> dict[str, Any]:
    return {
        "id": line_id,
        "product_id": product_id,
        "item": f"Item {product_id}",
        "name": f"Work item {line_id}",
        "price": price,
        "quantity": quantity,
        "taxable": True,
        "tax_rate_id": None,
        "discount_percent": None,
        "line_discount_percent": None,
        "discount_dollars": None,
        "product_category": None,
    }


def invoice_detail(
    invoice_id: int = 309,
    *,
    version: int = 1,
    account: str = ACCOUNT,
    number: str | None = None,
    lines: list[dict[str, Any]] | None = None,
    totals: tuple[str, str, str] = ("200.00", "16.00", "216.00"),
    owner: dict[str, Any] | None = None,
    products: list[dict[str, Any]] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """The detail of an invoice event: two lines of 100.00 at 8 % unless told otherwise."""
    owner = owner or customer()
    lines = [line(1, 3), line(2, 4)] if lines is None else lines
    subtotal, tax, total = totals
    named = sorted({each["product_id"] for each in lines if each["product_id"] is not None})
    return {
        "event_id": f"event-{account}-{invoice_id}-{version}",
        "account_id": account,
        "occurred_at": "2026-11-23T09:00:00.000Z",
        "version": version,
        "invoice": {
            "id": invoice_id,
            "customer_id": owner["id"],
            "number": number or f"10{invoice_id}",
            "date": "2026-11-20T00:00:00.000Z",
            "due_date": "2026-12-04T00:00:00.000Z",
            "subtotal": subtotal,
            "tax": tax,
            "total": total,
            "tax_rate_id": 1,
            "notax": False,
            "is_draft": False,
            "is_refund": False,
            "location_id": None,
            "po_number": None,
            "note": None,
            "line_items": lines,
            **fields,
        },
        "customer": owner,
        "products": [product(each) for each in named] if products is None else products,
        "tax_rates": [{"id": 1, "name": "City", "rate": "8", "components": []}],
    }
