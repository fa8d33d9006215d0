"""The requests we send: their elements in QuickBooks' order, with types and lengths (facts: QBD 2.2).

Only elements that we use are here. For these requests qbXML 13.0 and 16.0 are the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Type(StrEnum):
    """The form of a value."""

    AMOUNT = "amount"  # two decimals, at most 13 digits before them
    PRICE = "price"  # up to five decimals, at most 10 digits before them; also a quantity
    DATE = "date"
    MOMENT = "moment"  # date or date and time
    FLAG = "flag"
    WHOLE = "whole"
    ID = "id"  # ListID or TxnID, or {"useMacro": name}


@dataclass(frozen=True, slots=True)
class Text:
    """Text of at most `limit` characters, counted after decoding."""

    limit: int


Form: TypeAlias = "Type | Text | Mapping[str, Form]"


def _ref(limit: int) -> Form:
    return {"ListID": Type.ID, "FullName": Text(limit)}


_ANY_NAME = 4095
_ADDRESS: Form = {
    **dict.fromkeys(("Addr1", "Addr2", "Addr3", "Addr4", "Addr5"), Text(41)),
    "City": Text(31),
    "State": Text(21),
    "PostalCode": Text(13),
    "Country": Text(31),
}
_CUSTOMER: Mapping[str, Form] = {
    "Name": Text(41),
    "CompanyName": Text(41),
    "FirstName": Text(25),
    "LastName": Text(25),
    "BillAddress": _ADDRESS,
    "Phone": Text(21),
    "AltPhone": Text(21),
    "Email": Text(1023),
    "Notes": Text(4095),
}
_HEAD: Mapping[str, Form] = {
    "CustomerRef": _ref(209),
    "TxnDate": Type.DATE,
    "RefNumber": Text(11),
    "PONumber": Text(25),
    "TermsRef": _ref(31),
    "DueDate": Type.DATE,
    "ItemSalesTaxRef": _ref(31),
    "Memo": Text(4095),
    "IsToBePrinted": Type.FLAG,
    "IsToBeEmailed": Type.FLAG,
    "CustomerSalesTaxCodeRef": _ref(3),
}
_LINE: Mapping[str, Form] = {
    "ItemRef": _ref(_ANY_NAME),
    "Desc": Text(4095),
    "Quantity": Type.PRICE,
    "Rate": Type.PRICE,
    "Amount": Type.AMOUNT,
    "SalesTaxCodeRef": _ref(3),
}
_CREDIT: Form = {"CreditTxnID": Type.ID, "AppliedAmount": Type.AMOUNT}
_APPLIED: Form = {"TxnID": Type.ID, "PaymentAmount": Type.AMOUNT, "SetCredit": _CREDIT}
_PAYMENT: Mapping[str, Form] = {
    "CustomerRef": _ref(209),
    "TxnDate": Type.DATE,
    "RefNumber": Text(20),
    "TotalAmount": Type.AMOUNT,
    "PaymentMethodRef": _ref(31),
    "Memo": Text(4095),
    "DepositToAccountRef": _ref(159),
}
_CHANGED_LIST: Mapping[str, Form] = {"ListID": Type.ID, "EditSequence": Text(16)}
_CHANGED_TXN: Mapping[str, Form] = {"TxnID": Type.ID, "EditSequence": Text(16)}

_RET_ELEMENT: Mapping[str, Form] = {"IncludeRetElement": Text(50)}
_LIST_QUERY: Mapping[str, Form] = {
    "ListID": Type.ID,
    "FullName": Text(_ANY_NAME),
    "MaxReturned": Type.WHOLE,
    "ActiveStatus": Text(12),
    **_RET_ELEMENT,
}
_TXN_QUERY: Mapping[str, Form] = {
    "TxnID": Type.ID,
    "RefNumber": Text(_ANY_NAME),
    "MaxReturned": Type.WHOLE,
    "ModifiedDateRangeFilter": {"FromModifiedDate": Type.MOMENT, "ToModifiedDate": Type.MOMENT},
    "TxnDateRangeFilter": {"FromTxnDate": Type.DATE},
    "EntityFilter": {"ListID": Type.ID, "FullName": Text(_ANY_NAME)},
    "IncludeLineItems": Type.FLAG,
}
_LINKED: Mapping[str, Form] = {"IncludeLinkedTxns": Type.FLAG}

REQUESTS: Mapping[str, Mapping[str, Form]] = {
    "HostQuery": _RET_ELEMENT,
    "CompanyQuery": {**_RET_ELEMENT, "OwnerID": Text(38)},
    "PreferencesQuery": _RET_ELEMENT,
    "CustomerAdd": _CUSTOMER,
    "CustomerMod": {**_CHANGED_LIST, **_CUSTOMER},
    "CustomerQuery": _LIST_QUERY,
    "InvoiceAdd": {**_HEAD, "InvoiceLineAdd": _LINE},
    "InvoiceMod": {**_CHANGED_TXN, **_HEAD, "InvoiceLineMod": {"TxnLineID": Type.ID, **_LINE}},
    "InvoiceQuery": {**_TXN_QUERY, **_LINKED, **_RET_ELEMENT},
    "CreditMemoAdd": {**_HEAD, "CreditMemoLineAdd": _LINE},
    "CreditMemoQuery": {**_TXN_QUERY, **_LINKED, **_RET_ELEMENT},
    "ReceivePaymentAdd": {**_PAYMENT, "IsAutoApply": Type.FLAG, "AppliedToTxnAdd": _APPLIED},
    "ReceivePaymentMod": {**_CHANGED_TXN, **_PAYMENT, "AppliedToTxnMod": _APPLIED},
    "ReceivePaymentQuery": {**_TXN_QUERY, **_RET_ELEMENT},
    # Payments cannot be voided, only deleted: TxnVoidType has no ReceivePayment (facts: QBD 2.2).
    "TxnVoid": {"TxnVoidType": Text(20), "TxnID": Type.ID},
    "TxnDel": {"TxnDelType": Text(20), "TxnID": Type.ID},
    "ItemQuery": _LIST_QUERY,
    "ItemSalesTaxQuery": _LIST_QUERY,
    "SalesTaxCodeQuery": _LIST_QUERY,
    "TermsQuery": _LIST_QUERY,
    "PaymentMethodQuery": _LIST_QUERY,
    "AccountQuery": _LIST_QUERY,
}
