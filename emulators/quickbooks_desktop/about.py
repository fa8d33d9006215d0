"""What QuickBooks says about itself, the company and its preferences: the answers of the first three queries."""

from . import lists, references, rets
from .books import Books
from .statuses import Obj


def host(books: Books) -> rets.Content:
    """HostQuery: product and the qbXML versions it speaks (captured)."""
    found: Obj = {
        "ProductName": books.product,
        "MajorVersion": str(int(float(books.qbxml_version)) + 11),
        "MinorVersion": "0",
        "Country": books.country,
        "SupportedQBXMLVersion": books.versions(),
        "IsAutomaticLogin": "false",
        "QBFileMode": "SingleUser",
    }
    return [("HostRet", found)]


def company(books: Books, body: Obj) -> rets.Content:
    """CompanyQuery; private data only of the owners that were named."""
    found: Obj = {
        "IsSampleCompany": "false",
        "CompanyName": books.name,
        "LegalCompanyName": books.name,
        "Address": {"Addr1": "1 Main Street", "City": "Springfield", "State": "IL", "PostalCode": "62701"},
        "AddressBlock": {"Addr1": "1 Main Street", "Addr2": "Springfield, IL 62701"},
        "FirstMonthFiscalYear": "January",
        "FirstMonthIncomeTaxYear": "January",
        "CompanyType": "InformationTechnologyComputersSoftware",
        "TaxForm": "Form1120",
        "AccountantCopy": {"AccountantCopyExists": "false"},
    }
    rows = [
        {"OwnerID": owner, "DataExtName": name, "DataExtType": "STR255TYPE", "DataExtValue": value}
        for (owner, name), value in books.data_exts.items()
        if owner in body.get("OwnerID", [])
    ]
    if rows:
        found["DataExtRet"] = rows
    return [("CompanyRet", found)]


def preferences(books: Books) -> rets.Content:
    """PreferencesQuery; without sales tax there is no SalesTaxPreferences at all (captured)."""
    accounting = {
        "IsUsingAccountNumbers": "false",
        "IsRequiringAccounts": "true",
        "IsUsingClassTracking": "false",
        "IsUsingAuditTrail": "true",
        "IsAssigningJournalEntryNumbers": "true",
    }
    if books.closing_date is not None:
        accounting["ClosingDate"] = books.closing_date.isoformat()
    found: Obj = {
        "AccountingPreferences": accounting,
        "FinanceChargePreferences": {
            "AnnualInterestRate": "0.00",
            "MinFinanceCharge": "0.00",
            "GracePeriod": "0",
            "IsAssessingForOverdueCharges": "false",
            "CalculateChargesFrom": "DueDate",
            "IsMarkedToBePrinted": "false",
        },
        "JobsAndEstimatesPreferences": {
            "IsUsingEstimates": "true",
            "IsUsingProgressInvoicing": "false",
            "IsPrintingItemsWithZeroAmounts": "false",
        },
        "MultiCurrencyPreferences": {"IsMultiCurrencyOn": "false"},
        "PurchasesAndVendorsPreferences": {
            "IsUsingInventory": "false",
            "DaysBillsAreDue": "10",
            "IsAutomaticallyUsingDiscounts": "false",
        },
        "ReportsPreferences": {"AgingReportBasis": "AgeFromDueDate", "SummaryReportBasis": "Accrual"},
        "SalesAndCustomersPreferences": {
            "IsTrackingReimbursedExpensesAsIncome": "false",
            "IsAutoApplyingPayments": "true",
        },
    }
    if books.sales_tax:
        found["SalesTaxPreferences"] = _sales_tax(books)
    found["TimeTrackingPreferences"] = {"FirstDayOfWeek": "Monday"}
    found["CurrentAppAccessRights"] = {"IsAutomaticLoginAllowed": "false", "IsPersonalDataAccessAllowed": "false"}
    return [("PreferencesRet", found)]


def _sales_tax(books: Books) -> Obj:
    def named(reference: Obj) -> Obj:
        return references.written(books, reference) if reference else {}

    return {
        "DefaultItemSalesTaxRef": named(lists.default_tax_item(books)),
        "PaySalesTax": "Monthly",
        "DefaultTaxableSalesTaxCodeRef": named(lists.default_reference(books, "SalesTaxCode", "Tax")),
        "DefaultNonTaxableSalesTaxCodeRef": named(lists.default_reference(books, "SalesTaxCode", "Non")),
        "IsUsingVendorTaxCode": "false",
        "IsUsingCustomerTaxCode": "false",
        "IsUsingAmountsIncludeTax": "false",
    }
