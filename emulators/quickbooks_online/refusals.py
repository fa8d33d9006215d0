"""QuickBooks' faults as exceptions; codes and texts by Intuit's error-codes page and recordings (facts: QBO 2.7)."""

from dataclasses import dataclass

from .faults import Shape
from .json_text import Obj

VALIDATION = "ValidationFault"
SYSTEM = "SystemFault"


@dataclass(frozen=True, slots=True)
class Error:
    """One entry of a Fault's Error list."""

    code: str
    message: str
    detail: str
    element: str = ""

    def body(self) -> Obj:
        """The entry as JSON."""
        return {"Message": self.message, "Detail": self.detail, "code": self.code, "element": self.element}


class Refusal(Exception):
    """QuickBooks' refusal of one operation: nothing of it was done."""

    def __init__(self, *errors: Error, status: int = 400, kind: str = VALIDATION, shape: Shape = "json") -> None:
        super().__init__("; ".join(f"{error.code} {error.detail}" for error in errors))
        self.errors = errors
        self.status = status
        self.kind = kind
        self.shape = shape

    def fault(self) -> Obj:
        """The `Fault` object."""
        return {"Error": [error.body() for error in self.errors], "type": self.kind}

    def member(self) -> Obj:
        """What a batch's answer has in the place of the member's object."""
        if self.shape != "lowercase":
            return {"Fault": self.fault()}
        errors = [{key[:1].lower() + key[1:]: value for key, value in error.body().items()} for error in self.errors]
        return {"fault": {"error": errors, "type": self.kind}}


def _refusal(code: str, message: str, detail: str, element: str = "") -> Refusal:
    return Refusal(Error(code, message, detail, element))


def unsupported_operation(detail: str) -> Refusal:
    """500: the path or operation does not exist (vcr error/500)."""
    return _refusal("500", "Unsupported Operation", f"Operation {detail} is not supported.", "Operation")


def duplicate_request_id(request_id: str) -> Refusal:
    """600: the first request with this id is still being worked on (facts: QBO 2.2) [G]."""
    return _refusal(
        "600", "Duplicate Request ID", f"Duplicate Request ID : {request_id} is still being processed", "requestid"
    )


def not_found() -> Refusal:
    """610: gone, deleted, or a referenced name is inactive (vcr batch)."""
    return _refusal(
        "610",
        "Object Not Found",
        "Object Not Found : Something you're trying to use has been made inactive. "
        "Check the fields with accounts, customers, items, vendors or employees.",
    )


def cannot_link(txn_type: str, txn_id: str, why: str) -> Refusal:
    """620: the transaction named in a LinkedTxn cannot be linked."""
    return _refusal(
        "620", "Txn ID Cannot Be Linked", f"Transaction ID {txn_id} ({txn_type}) cannot be linked: {why}", "TxnId"
    )


def batch_too_large(size: int) -> Refusal:
    """1040: more than 30 members (REF batch)."""
    return _refusal(
        "1040", "Batch size exceeds allowed limit", f"The batch has {size} items. Max allowed items are 30", ""
    )


def unsupported_object(name: str) -> Refusal:
    """2000: an entity this call does not know."""
    return _refusal("2000", "Invalid or unsupported object name", f"Unsupported object name: {name}", name)


def unknown_property(name: str, type_name: str, known: list[str]) -> Refusal:
    """2010 in the words of the recorded answer (vcr error/400_json)."""
    listed = ", ".join(f'"{one}"' for one in known[:60])
    ending = " [truncated]])" if len(known) > 60 else "])"
    return _refusal(
        "2010",
        "Request has invalid or unsupported property",
        f'Property Name:Unrecognized field "{name}" (class com.intuit.schema.finance.v3.{type_name}), not marked as '
        f"ignorable ({len(known)} known properties: {listed}{ending}\n specified is unsupported or invalid",
    )


def unreadable_body() -> Refusal:
    """2010: the body is not a JSON object."""
    return _refusal(
        "2010",
        "Request has invalid or unsupported property",
        "Property Name:failed to parse json object; a property specified is unsupported or invalid",
    )


def missing(element: str) -> Refusal:
    """2020: a required field is absent."""
    return _refusal(
        "2020",
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {element} is missing in the request",
        element,
    )


def invalid_id(element: str, value: object) -> Refusal:
    """2030 (vcr error/500)."""
    return _refusal("2030", "Invalid ID", f"Id should be a valid number. Supplied value:{value}", element)


def invalid_text(element: str, why: str) -> Refusal:
    """2040: characters this company or field cannot hold."""
    return _refusal("2040", "Invalid String", f"Invalid String : {why}", element)


def too_long(element: str, limit: int, length: int) -> Refusal:
    """2050: longer than documented."""
    return _refusal(
        "2050",
        "Invalid String Length",
        f"String length is either shorter or longer than supported by specification. Min:0 Max:{limit} supported. "
        f"Supplied length:{length}",
        element,
    )


def invalid_value(code: str, message: str, element: str, value: object) -> Refusal:
    """2060-2230: a value of the wrong form (date, number, enumeration, e-mail …)."""
    return _refusal(code, message, f"{message}. Supplied value:{value}", element)


def no_such_reference(kind: str, ref_id: str) -> Refusal:
    """2500: the referenced object does not exist."""
    return _refusal(
        "2500", "Invalid Reference Id", f"Invalid Reference Id : {kind} element id {ref_id} not found", kind
    )


def query_unparsable(detail: str) -> Refusal:
    """4000."""
    return _refusal("4000", "Error parsing query", f"QueryParserError: {detail}")


def query_invalid(detail: str) -> Refusal:
    """4001 (vcr error/400)."""
    return _refusal("4001", "Invalid query", f"QueryValidationError: {detail}")


def stale() -> Refusal:
    """5010 (vcr batch)."""
    return _refusal(
        "5010",
        "Stale Object Error",
        "Stale Object Error : You and another user were working on this at the same time. "
        "The other user finished before you did, so your work was not saved.",
    )


def not_in_plan(what: str) -> Refusal:
    """5020: the subscription lacks the feature (IPP error list)."""
    return _refusal("5020", "Permission Denied Error", f"You do not have permission to access this feature. {what}")


def business(detail: str, element: str = "") -> Refusal:
    """6000: only the Detail tells."""
    return _refusal(
        "6000",
        "A business validation error has occurred while processing your request",
        f"Business Validation Error: {detail}",
        element,
    )


def wrong_amount(supplied: object) -> Refusal:
    """6070: Amount is not Qty x UnitPrice at cents."""
    return _refusal(
        "6070",
        "Amount calculation incorrect in the request",
        f"Amount is not equal to UnitPrice * Qty. Supplied value:{supplied}",
        "Line.Amount",
    )


def wrong_tax_code(value: object) -> Refusal:
    """6100: US lines carry TAX or NON only."""
    return _refusal(
        "6100",
        "Invalid Line TaxCode in the request",
        f"Valid Line TaxCodes for US should be TAX or NON. Supplied value:{value}",
        "TaxCodeRef",
    )


def duplicate_number(number: str, txn_type: str, txn_id: str) -> Refusal:
    """6140."""
    return _refusal(
        "6140",
        "Duplicate Document Number Error",
        "Duplicate Document Number Error : You must specify a different number. This number has already been used. "
        f"DocNumber={number} is assigned to TxnType={txn_type} with TxnId={txn_id}",
        "DocNumber",
    )


def closed_books(needs_password: bool) -> Refusal:
    """6200, or 6210 when the closing date has a password."""
    return _refusal(
        "6210" if needs_password else "6200",
        "Account Period Closed, Cannot Update Through Services API",
        "Business Validation Error: The account period has closed and the account books cannot be updated through the "
        "QBO Services API. Please use the QBO website to make these changes.",
        "TxnDate",
    )


def tax_not_applicable() -> Refusal:
    """6170: tax lines on a form outside the scope of tax."""
    return _refusal(
        "6170",
        "Invalid TxnTaxDetail Error",
        "TxnTaxDetail is not allowed with GlobalTaxCalculation=NotApplicable",
        "TxnTaxDetail",
    )


def duplicate_name(detail: str) -> Refusal:
    """6240 (vcr error/validation: the Detail varies, often `Id=n`, sometimes `null`)."""
    return _refusal("6240", "Duplicate Name Exists Error", f"The name supplied already exists. : {detail}")


def simple(code: str, message: str, detail: str, element: str = "") -> Refusal:
    """Any other code of Intuit's list."""
    return _refusal(code, message, detail, element)


def system_failure(detail: str, status: int = 500) -> Refusal:
    """10000; QuickBooks has answered it with HTTP 200 too (live_fault_10000_void_bill_http200)."""
    error = Error(
        "10000",
        "An application error has occurred while processing your request",
        f"System Failure Error: {detail}",
        "SystemFailureError",
    )
    return Refusal(error, status=status, kind=SYSTEM)
