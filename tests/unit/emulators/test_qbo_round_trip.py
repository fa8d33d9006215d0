"""What QuickBooks returned may be sent back whole as a full update: nothing of it is unknown, nothing changes."""

from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online.json_text import dumps, loads


def fill(api: Any) -> None:
    """One object of every kind, linked where kinds link."""
    company = api.company
    code = "NON" if company.country == "US" else "1"
    tax = {"TaxCodeRef": {"value": code}}
    api.customer("Acme", BillAddr={"Line1": "1 Elm St"}, PrimaryEmailAddr={"Address": "a@b.ca"})
    api.make("Vendor", {"DisplayName": "Supplies"})
    accounts = {"IncomeAccountRef": {"value": "2"}, "ExpenseAccountRef": {"value": "3"}}
    api.make("Item", {"Name": "Hose", "Type": "NonInventory", **accounts})
    api.invoice("1", "100", "20.05", code=code, DocNumber="1", PrivateNote="n", CustomerMemo={"value": "m"})
    sold = {"ItemRef": {"value": "1"}, **tax}
    line = {"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": sold}
    api.make("CreditMemo", {"CustomerRef": {"value": "1"}, "Line": [line]})
    links = [{"Amount": 10, "LinkedTxn": [{"TxnId": "1", "TxnType": kind}]} for kind in ("Invoice", "CreditMemo")]
    api.make("Payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 5, "Line": links})
    bought = {"ItemRef": {"value": "2"}, "Qty": 2, "UnitPrice": 3, **tax}
    ordered = {"Amount": 6, "DetailType": "ItemBasedExpenseLineDetail", "ItemBasedExpenseLineDetail": bought}
    api.make("PurchaseOrder", {"VendorRef": {"value": "1"}, "APAccountRef": {"value": "5"}, "Line": [ordered]})
    link = {"LinkedTxn": [{"TxnId": "1", "TxnType": "PurchaseOrder", "TxnLineId": "1"}]}
    api.make("Bill", {"VendorRef": {"value": "1"}, "Line": [{**ordered, **link}]})
    api.make("Purchase", {"PaymentType": "Cash", "AccountRef": {"value": "6"}, "Line": [ordered]})


WRITTEN = ["Customer", "Vendor", "Item", "Invoice", "CreditMemo", "Payment", "PurchaseOrder", "Bill", "Purchase"]


@pytest.mark.parametrize("entity", [*WRITTEN, "Account", "Term", "PaymentMethod"])
@pytest.mark.parametrize("country", ["us", "ca", "automated"])
def test_a_returned_object_sent_back_whole_changes_nothing(
    request: pytest.FixtureRequest, country: str, entity: str
) -> None:
    api = request.getfixturevalue(country)
    fill(api)
    before = api.company.get(entity, "1")
    answer = api.call("POST", entity.lower(), dumps(before))
    assert answer.status == 200, answer.body
    after = api.company.get(entity, "1")
    assert after.pop("SyncToken") == str(int(before.pop("SyncToken")) + 1)
    assert after == before


def test_exact_json_keeps_every_digit() -> None:
    text = '{"a":[1,0.10,-3.5,1E+2,true,null,"\\u00e9\\n\\"",{}],"b":[]}'
    assert dumps(loads(text)) == '{"a":[1,0.10,-3.5,100,true,null,"é\\n\\"",{}],"b":[]}'
    assert dumps(Decimal("0.00")) == "0"
