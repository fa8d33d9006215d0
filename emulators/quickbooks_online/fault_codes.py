"""Every fault code of Intuit's list: its Message, and the HTTP status and type it comes with (facts: QBO 2.7).

The wording is ours where no recording is known; callers must go by the code.
"""

from . import refusals

_AUTHENTICATION = ("AuthenticationFault", 401)
_AUTHORIZATION = ("AuthorizationFault", 403)
_FAILURE = (refusals.SYSTEM, 500)
_VALIDATION = (refusals.VALIDATION, 400)
# Type and status of what is not about the body. Intuit publishes few of these pairs; the rest by their meaning [G].
_KINDS: dict[str, tuple[str, int]] = {
    "100": _AUTHENTICATION,
    "110": _AUTHENTICATION,
    "120": _AUTHORIZATION,
    "130": _FAILURE,
    "140": _AUTHORIZATION,
    "150": (refusals.SYSTEM, 503),
    "1000": _FAILURE,
    "1010": _FAILURE,
    "1020": _FAILURE,
    "3001": ("SERVICE", 429),
    "3100": _AUTHORIZATION,
    "3200": _AUTHENTICATION,
    "3202": _AUTHENTICATION,
    "4002": _FAILURE,
    "10000": _FAILURE,
    "10100": _FAILURE,
    "10200": _FAILURE,
}
_TEXT = """
0 Success
100 General Authentication Error
110 Authentication OAuth Error
120 Authorization Failure
130 Accessing Wrong Cluster
140 Company Locked Out
150 Company Under Maintenance
500 Unsupported Operation
600 Duplicate Request ID
610 Object Not Found
620 Txn ID Cannot Be Linked
630 Duplicate Object
700 Parent Reference Invalid
800 Object Cannot Be Deleted
900 Parent Cannot Be Child
1000 Operation Failed
1010 Create Failed
1020 Update Failed
1040 Batch size exceeds allowed limit
1050 Invalid Content Type
2000 Invalid or unsupported object name
2010 Request has invalid or unsupported property
2020 Required param missing, need to supply the required value for the API
2030 Invalid ID
2040 Invalid String
2050 Invalid String Length
2060 Invalid Date Format
2070 Invalid Date
2080 Invalid Number Format
2090 Invalid Number
2100 Invalid Decimal Format
2110 Invalid Decimal
2120 Invalid Type
2130 Invalid Request Id Format
2140 Invalid Amount
2150 Invalid Percent
2160 Invalid Quantity
2170 Invalid Enumeration
2180 Invalid String Range
2190 Invalid Date Range
2200 Invalid Website Address Format
2210 Invalid Email Address Format
2220 Invalid Currency Type
2230 Invalid Boolean
2240 Invalid Number Range
2250 Missing Lines
2260 Missing Posting Type
2270 Missing TaxApplicableOn
2280 Missing Tax Amount
2290 Negative Amount
2300 Debits Not Equal To Credits
2500 Invalid Reference Id
2600 Conflicting Elements In Request
3000 Invalid Custom Field
3001 message=ThrottleExceeded; errorCode=003001; statusCode=429
3100 message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403
3200 message=AuthenticationFailed; errorCode=003200; statusCode=401
3202 message=EmptyField; errorCode=003202; statusCode=401
4000 Error parsing query
4001 Invalid query
4002 Query Could Not Be Processed
5000 Deprecated Field
5010 Stale Object Error
5020 Permission Denied Error
5030 Feature Not Supported Error
6000 A business validation error has occurred while processing your request
6010 Invalid Account Type
6020 Content Length Missing
6030 Upload Too Large
6040 File Metadata Must Be Attachable
6041 Invalid Uploaded File
6050 Unsupported Attachable Reference
6060 OpenBalanceDate Required
6070 Amount calculation incorrect in the request
6080 No Name Provided
6090 Discount Line missing required info
6100 Invalid Line TaxCode in the request
6110 MAS Transaction Cannot Be Updated
6120 MAS Transaction Cannot Be Deleted
6130 Bill-With Customer Cannot Be Changed
6140 Duplicate Document Number Error
6150 ParentRef Required Validation Error
6160 Invalid TaxCodeRef Error
6170 Invalid TxnTaxDetail Error
6180 Sub Level Limit
6190 Invalid Company Status Error
6200 Account Period Closed, Cannot Update Through Services API
6210 Account Period Closed, Cannot Update Through Services API
6220 Entity With Balance Cannot Be Deleted
6230 Invalid TaxCodeRef Error
6240 Duplicate Name Exists Error
6250 Invalid Sales Customer
6270 Transaction Dated Before Item Start Date
6280 Customer With Unbilled Expenses Cannot Be Deleted
6290 Invalid Employee Or Vendor
6300 Invalid Employee Or Vendor Name
6310 Missing Customer
6320 Invalid Billable
6400 Linked Purchase Cannot Be Deleted
6420 Email address is required
6430 Invalid account type used
6440 Transaction Detail Information Required
6450 Attempt to Void Transaction Failed
6460 MAS Deposit Amount Mismatch
6470 Tax Liability Account Or Tax Rate Error
6480 Matched Transaction Cannot Be Deleted
6520 Missing Tracked Inventory Item Quantity
6530 Raw Credit Card Number Found
6540 Deposited Transaction cannot be changed
10000 An application error has occurred while processing your request
10100 Result Set Too Big
10200 Company Reset
"""
MESSAGES: dict[str, str] = dict(line.split(" ", 1) for line in _TEXT.strip().splitlines())


def kind_and_status(code: str) -> tuple[str, int]:
    """Fault type and HTTP status that a code comes with; an unknown code is a validation fault."""
    return _KINDS.get(code, _VALIDATION)


def message(code: str) -> str:
    """The Message of a code; one of its own for a code that Intuit's list lacks."""
    return MESSAGES.get(code, f"Error {code}")
