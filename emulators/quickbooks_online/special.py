"""The calls that are no plain entity: Preferences, CompanyInfo, TaxService and CDC (facts: QBO 1.7, 1.8, 2.5)."""

from datetime import datetime, timedelta
from decimal import Decimal

from . import refusals, schema
from .books import Books, stamp
from .entities import BY_LOWER, NOT_IN_CDC
from .json_text import Obj
from .store import Deleted

MAX_CDC_OBJECTS = 1000
MAX_CDC_AGE = timedelta(days=30)


def preferences(books: Books) -> Obj:
    """The one Preferences object, from the settings as they are now."""
    accounting: Obj = {
        "UseAccountNumbers": False,
        "TrackDepartments": books.track_departments,
        "ClassTrackingPerTxn": books.class_per_transaction,
        "ClassTrackingPerTxnLine": books.class_tracking,
        "FirstMonthOfFiscalYear": "January",
        "CustomerTerminology": "Customers",
        "DepartmentTerminology": "Location",
    }
    if books.book_close_date is not None:
        accounting["BookCloseDate"] = books.book_close_date.isoformat()
    tax_prefs: Obj = {"UsingSalesTax": books.tax_mode != "none"}
    if books.country == "US":
        tax_prefs["PartnerTaxEnabled"] = books.automated_tax
    return {
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
        "MetaData": _meta(books),
        "AccountingInfoPrefs": accounting,
        "ProductAndServicesPrefs": {
            "ForSales": True,
            "ForPurchase": True,
            "QuantityWithPriceAndRate": True,
            "QuantityOnHand": False,
        },
        "SalesFormsPrefs": {
            "CustomTxnNumbers": books.custom_txn_numbers,
            "AllowDeposit": True,
            "AllowDiscount": books.allow_discount,
            "AllowShipping": False,
            "AutoApplyCredit": books.auto_apply_credit,
            "AutoApplyPayments": False,
        },
        "VendorAndPurchasesPrefs": {"TrackingByCustomer": True, "BillableExpenseTracking": True},
        "TaxPrefs": tax_prefs,
        "CurrencyPrefs": {"MultiCurrencyEnabled": books.multi_currency, "HomeCurrency": {"value": books.home_currency}},
        "ReportPrefs": {"ReportBasis": "Accrual"},
        "OtherPrefs": {
            "NameValue": [
                {
                    "Name": "VendorAndPurchasesPrefs.UseCustomTxnNumbers",
                    "Value": str(books.custom_purchase_order_numbers).lower(),
                },
                {"Name": "WarnDuplicateInvoiceNumber", "Value": str(books.duplicate_number_check).lower()},
            ]
        },
    }


def company_info(books: Books) -> Obj:
    """The one CompanyInfo object."""
    return {
        "CompanyName": books.name,
        "LegalName": books.name,
        "CompanyAddr": {"Id": "1", "Line1": "1 Main St", "City": "Springfield", "Country": books.country},
        "CompanyStartDate": "2020-01-01",
        "FiscalYearStartMonth": "January",
        "Country": books.country,
        "SupportedLanguages": "en",
        "NameValue": [
            {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
            {"Name": "ItemCategoriesFeature", "Value": "true"},
        ],
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
        "MetaData": _meta(books),
    }


def rows_of(books: Books, entity: str) -> list[Obj]:
    """Every object of an entity, also of the two that are made from settings."""
    if entity == "Preferences":
        return [preferences(books)]
    if entity == "CompanyInfo":
        return [company_info(books)]
    return list(books.store.all(entity))


def create_tax_code(books: Books, body: object) -> Obj:
    """TaxService: a TaxCode with its new or existing rates; body and answer are bare (REF taxservice).

    Raises Refusal: 2020, 2050, 2240, 2500, 6240 (duplicate code or rate name), 6000 in an automated-tax company
    [G].
    """
    values = schema.check("TaxService", body, latin1_only=books.country == "US").values
    if books.automated_tax:
        raise refusals.business("Custom tax rates cannot be created while automated sales tax is on.")
    name, details = values.get("TaxCode"), values.get("TaxRateDetails")
    if not name:
        raise refusals.missing("TaxCode")
    if not details:
        raise refusals.missing("TaxRateDetails")
    if books.store.holder_of_name(BY_LOWER["taxcode"], name):
        raise refusals.duplicate_name("Another tax code is already using this \nname. Please use a different name.")
    with books.store.atomic():
        rates = [(detail, _rate(books, detail)) for detail in details]
        code_id = _code(books, name, rates)
    return {
        "TaxCode": name,
        "TaxCodeId": code_id,
        "TaxRateDetails": [_rate_answer(detail, rate) for detail, rate in rates],
    }


def changes(books: Books, entities: str, changed_since: str) -> Obj:
    """CDC: what changed or was deleted since a moment, one list entry per entity (vcr_cdc, doc_cdc_with_deleted).

    Raises Refusal: 2000 an entity CDC does not carry, 2070 a moment it cannot read, 2190 more than 30 days back.
    """
    try:
        since = datetime.fromisoformat(changed_since)
    except ValueError:
        raise refusals.invalid_value("2070", "Invalid Date", "changedSince", changed_since) from None
    if since.tzinfo is None:
        since = since.replace(tzinfo=books.now().tzinfo)
    if books.now() - since > MAX_CDC_AGE:
        raise refusals.simple("2190", "Invalid Date Range", "changedSince can be 30 days back at most", "changedSince")
    responses: list[Obj] = []
    left = MAX_CDC_OBJECTS
    for wanted in entities.split(","):
        entity = BY_LOWER.get(wanted.strip().lower())
        if entity is None or entity.name in NOT_IN_CDC:
            raise refusals.unsupported_object(wanted)
        rows = _changed(books, entity.name, since)[:left]
        left -= len(rows)
        responses.append({entity.name: rows, "startPosition": 1, "maxResults": len(rows)} if rows else {})
    return {"CDCResponse": [{"QueryResponse": responses}]}


def _changed(books: Books, entity: str, since: datetime) -> list[Obj]:
    since = since.replace(microsecond=0)
    alive = [
        row for row in rows_of(books, entity) if datetime.fromisoformat(row["MetaData"]["LastUpdatedTime"]) >= since
    ]
    gone = [_tombstone(one) for one in books.store.deleted if one.entity == entity and one.at >= since]
    return alive + gone


def _tombstone(deleted: Deleted) -> Obj:
    return {"domain": "QBO", "status": "Deleted", "Id": deleted.id, "MetaData": {"LastUpdatedTime": stamp(deleted.at)}}


def _rate(books: Books, detail: Obj) -> Obj:
    if detail.get("TaxRateId"):
        found = books.store.get("TaxRate", detail["TaxRateId"])
        if found is None:
            raise refusals.no_such_reference("TaxRate", detail["TaxRateId"])
        return found
    for name in ("TaxRateName", "RateValue", "TaxAgencyId"):
        if detail.get(name) is None:
            raise refusals.missing(name)
    if not Decimal(0) <= detail["RateValue"] <= Decimal(100):
        raise refusals.simple("2240", "Invalid Number Range", "RateValue must be 0 through 100", "RateValue")
    if books.store.get("TaxAgency", detail["TaxAgencyId"]) is None:
        raise refusals.no_such_reference("TaxAgency", detail["TaxAgencyId"])
    if books.store.holder_of_name(BY_LOWER["taxrate"], detail["TaxRateName"]):
        raise refusals.duplicate_name("Another tax rate is already using this \nname. Please use a different name.")
    rate: Obj = {
        "Name": detail["TaxRateName"],
        "Description": detail["TaxRateName"],
        "Active": True,
        "RateValue": detail["RateValue"],
        "AgencyRef": {"value": detail["TaxAgencyId"]},
        "SpecialTaxType": "NONE",
        "DisplayType": "ReadOnly",
        **_head(books, "TaxRate"),
    }
    books.store.put("TaxRate", rate)
    return rate


def _code(books: Books, name: str, rates: list[tuple[Obj, Obj]]) -> str:
    lists: dict[str, list[Obj]] = {"Sales": [], "Purchase": []}
    for detail, rate in rates:
        entry: Obj = {
            "TaxRateRef": {"value": rate["Id"], "name": rate["Name"]},
            "TaxTypeApplicable": "TaxOnAmount",
            "TaxOrder": 0,
        }
        lists[detail.get("TaxApplicableOn", "Sales")].append(entry)
    code: Obj = {
        "Name": name,
        "Description": name,
        "Active": True,
        "Hidden": False,
        "Taxable": True,
        "TaxGroup": True,
        "SalesTaxRateList": {"TaxRateDetail": lists["Sales"]},
        "PurchaseTaxRateList": {"TaxRateDetail": lists["Purchase"]},
        "TaxCodeConfigType": "USER_DEFINED",
        **_head(books, "TaxCode"),
    }
    books.store.put("TaxCode", code)
    return str(code["Id"])


def _rate_answer(detail: Obj, rate: Obj) -> Obj:
    return {
        "TaxRateName": rate["Name"],
        "TaxRateId": rate["Id"],
        "RateValue": rate["RateValue"],
        "TaxAgencyId": rate["AgencyRef"]["value"],
        "TaxApplicableOn": detail.get("TaxApplicableOn", "Sales"),
    }


def _head(books: Books, entity: str) -> Obj:
    return {
        "domain": "QBO",
        "sparse": False,
        "Id": books.store.next_id(entity),
        "SyncToken": "0",
        "MetaData": _meta(books),
    }


def _meta(books: Books) -> Obj:
    at = stamp(books.now())
    return {"CreateTime": at, "LastUpdatedTime": at}
