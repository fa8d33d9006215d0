"""Field names, lengths and enumerations per type; the notation is explained in `schema`.

Names and limits: Intuit's reference pages (facts: QBO 1.1-1.8), plus the further names that Intuit's parser lists in
its own
2010 answer, so that a body is refused only for a name QuickBooks does not know.
"""

_OBJECT = """Id:s SyncToken:s MetaData:x~ CustomField:o(CustomField)* AttachableRef:x~ domain:s status:s~ sparse:b"""

_NAME_BASE = (
    _OBJECT
    + """
 IntuitId:x~ Organization:b Title:s(16) GivenName:s(100) MiddleName:s(100) FamilyName:s(100) Suffix:s(16)
 FullyQualifiedName:s~ CompanyName:s(100) DisplayName:s(500) UserId:x~ Active:b V4IDPseudonym:x~
 PrimaryPhone:o(TelephoneNumber) AlternatePhone:o(TelephoneNumber) Mobile:o(TelephoneNumber) Fax:o(TelephoneNumber)
 PrimaryEmailAddr:o(EmailAddress) WebAddr:o(WebSiteAddress) OtherContactInfo:x DefaultTaxCodeRef:r
 ContactName:s AltContactName:s Notes:s(2000) BillAddr:o(PhysicalAddress) ShipAddr:o(PhysicalAddress) OtherAddr:x
"""
)

_TXN_BASE = (
    _OBJECT
    + """
 DocNumber:s(21) TxnDate:d TxnSubType:x~ DepartmentRef:r(Department) CurrencyRef:r(Currency) ExchangeRate:n
 PrivateNote:s(4000) TxnStatus:s LinkedTxn:o(LinkedTxn)* Line:o(Line)* TxnTaxDetail:o(TxnTaxDetail) TxnSource:s
 TaxFormType:s TaxFormNum:s TransactionLocationType:s Tag:x TxnApprovalInfo:x~ RecurDataRef:x~ RecurringInfo:x~
 ProjectRef:r TotalCostAmount:n~ HomeTotalCostAmount:n~
"""
)
# Payments and bill payments carry no tax.
_TAXED_BASE = _TXN_BASE + " GlobalTaxCalculation:e(TaxExcluded|TaxInclusive|NotApplicable)"

_SALES_FORM = (
    _TAXED_BASE
    + """
 AutoDocNumber:b CustomerRef:r(Customer) CustomerMemo:o(MemoRef) BillAddr:o(PhysicalAddress) ShipAddr:o(PhysicalAddress)
 FreeFormAddress:b ShipFromAddr:o(PhysicalAddress) RemitToRef:r ClassRef:r(Class) SalesTermRef:r(Term) DueDate:d
 SalesRepRef:r PONumber:s FOB:s ShipMethodRef:r ShipDate:d TrackingNum:s TotalAmt:n~ HomeTotalAmt:n~
 ApplyTaxAfterDiscount:b TemplateRef:r PrintStatus:e(NotSet|NeedToPrint|PrintComplete)
 EmailStatus:e(NotSet|NeedToSend|EmailSent) BillEmail:o(EmailAddress) BillEmailCc:o(EmailAddress)
 BillEmailBcc:o(EmailAddress) ARAccountRef:r(Account) Balance:n~ HomeBalance:n~ FinanceCharge:b
 PaymentMethodRef:r(PaymentMethod) PaymentRefNum:s(21) PaymentType:e(Cash|Check|CreditCard|Expense|Other) CheckPayment:x
 CreditCardPayment:x DepositToAccountRef:r(Account) DeliveryInfo:x~ DiscountRate:n DiscountAmt:n TaxExemptionRef:x~
"""
)

_PURCHASE_FORM = (
    _TAXED_BASE
    + """
 VendorRef:r(Vendor) APAccountRef:r(Account) TotalAmt:n~ BillEmail:o(EmailAddress) ReplyEmail:o(EmailAddress)
 Memo:s(4000)
 SalesTermRef:r(Term) DueDate:d VendorAddr:o(PhysicalAddress) ShipAddr:o(PhysicalAddress)
"""
)

_ITEM_DETAIL = """
 ItemRef:r(Item) ClassRef:r(Class) UnitPrice:n UnitCostPrice:n RatePercent:n PriceLevelRef:r MarkupInfo:o(MarkupInfo)
 Qty:n UOMRef:x ItemAccountRef:r(Account) InventorySiteRef:r TaxCodeRef:r TaxInclusiveAmt:n TaxClassificationRef:x~
"""

_EXPENSE_DETAIL = "CustomerRef:r(Customer) BillableStatus:e(Billable|NotBillable)"

_ACCOUNT_TYPES = (
    "Bank|Accounts Receivable|Other Current Asset|Fixed Asset|Other Asset|Accounts Payable|Credit Card|"
    "Other Current Liability|Long Term Liability|Equity|Income|Cost of Goods Sold|Expense|Other Income|"
    "Other Expense|Non-Posting"
)

TABLES: dict[str, str] = {
    "Customer": _NAME_BASE
    + """
 PrintOnCheckName:s(110) Taxable:b Job:b BillWithParent:b RootCustomerRef:x~ ParentRef:r(Customer) Level:n~
 CustomerTypeRef:r SalesTermRef:r(Term) SalesRepRef:r TaxGroupCodeRef:r TaxRateRef:r PaymentMethodRef:r(PaymentMethod)
 PriceLevelRef:r Balance:n OpenBalanceDate:d BalanceWithJobs:n~ CreditLimit:n AcctNum:s CurrencyRef:r(Currency)
 PreferredDeliveryMethod:e(Print|Email|None) ResaleNum:s(16) JobInfo:x SecondaryTaxIdentifier:s ARAccountRef:r(Account)
 PrimaryTaxIdentifier:s TaxExemptionReasonId:s IsProject:b~ BusinessNumber:s(10) GSTIN:s(15) GSTRegistrationType:s(15)
 ClientEntityId:s Source:s
""",
    "Vendor": _NAME_BASE
    + """
 PrintOnCheckName:s(100) TaxCountry:s TaxIdentifier:s(20) BusinessNumber:s(10) VendorTypeRef:r TermRef:r(Term)
 Balance:n~ BillRate:n OpenBalanceDate:d CreditLimit:n AcctNum:s(100) Vendor1099:b T4AEligible:b T5018Eligible:b
 CurrencyRef:r(Currency) TaxReportingBasis:s APAccountRef:r(Account) GSTIN:s(15) GSTRegistrationType:s(15) HasTPAR:b
 VendorPaymentBankDetail:x Source:s CostRate:n
""",
    "Employee": _NAME_BASE
    + """
 PrintOnCheckName:s(100) EmployeeNumber:s(100) SSN:s(100) PrimaryAddr:o(PhysicalAddress) BillableTime:b BillRate:n
 BirthDate:d Gender:e(Male|Female) HiredDate:d ReleasedDate:d CostRate:n
""",
    "Item": _OBJECT
    + """
 Name:s(100) Sku:s(100) Description:s(4000) Active:b SubItem:b ParentRef:r(Item) Level:n~ FullyQualifiedName:s~
 Taxable:b
 SalesTaxIncluded:b PercentBased:b UnitPrice:n RatePercent:n Type:e(Service|NonInventory|Inventory|Category|Group)
 PaymentMethodRef:r UOMSetRef:r IncomeAccountRef:r(Account) PurchaseDesc:s(1000) PurchaseTaxIncluded:b PurchaseCost:n
 ExpenseAccountRef:r(Account) COGSAccountRef:r(Account) AssetAccountRef:r(Account) PrefVendorRef:r(Vendor) AvgCost:n~
 TrackQtyOnHand:b QtyOnHand:n ReorderPoint:n ManPartNum:s DepositToAccountRef:r(Account) SalesTaxCodeRef:r
 PurchaseTaxCodeRef:r InvStartDate:d ItemGroupDetail:x AbatementRate:n ReverseChargeRate:n ServiceType:s
 ItemCategoryType:s TaxClassificationRef:x~ UQCDisplayText:s(25) UQCId:s ClassRef:r(Class) Source:s
""",
    "Invoice": _SALES_FORM
    + """
 Deposit:n AllowIPNPayment:b AllowOnlinePayment:b AllowOnlineCreditCardPayment:b AllowOnlineACHPayment:b
 AllowOnlinePayPalPayment:b EInvoiceStatus:x~ ECloudStatusTimeStamp:x~ InvoiceLink:x~ invoiceStatus:x~ callToAction:x~
 invoiceStatusLog:x~ PaymentDetailsMessage:s ConvenienceFeeDetail:x~ LessCIS:n~
""",
    "CreditMemo": _SALES_FORM + " RemainingCredit:n~ InvoiceRef:r",
    "Payment": _TXN_BASE
    + """
 CustomerRef:r(Customer) RemitToRef:r ARAccountRef:r(Account) DepositToAccountRef:r(Account)
 PaymentMethodRef:r(PaymentMethod) PaymentRefNum:s(21) PaymentType:e(Cash|Check|CreditCard|Expense|Other) CheckPayment:x
 CreditCardPayment:x TotalAmt:n UnappliedAmt:n~ ProcessPayment:b TaxExemptionRef:x~
""",
    "PurchaseOrder": _PURCHASE_FORM
    + """
 TaxCodeRef:r ClassRef:r(Class) ReimbursableInfoRef:r ExpectedDate:d ShipTo:r DropShipToEntity:r InventorySiteRef:r
 ShipMethodRef:r FOB:s POEmail:o(EmailAddress) TemplateRef:r PrintStatus:e(NotSet|NeedToPrint|PrintComplete)
 EmailStatus:e(NotSet|NeedToSend|EmailSent) ManuallyClosed:b POStatus:e(Open|Closed)
""",
    "Bill": _PURCHASE_FORM
    + " PayerRef:r RemitToAddr:o(PhysicalAddress) Balance:n~ HomeBalance:n~ LessCIS:n~ IncludeInAnnualTPAR:b",
    "Purchase": _TAXED_BASE
    + """
 AccountRef:r(Account) PaymentMethodRef:r(PaymentMethod) PaymentRefNum:s(21) PaymentType:e(Cash|Check|CreditCard)
 CheckPayment:x CreditCardPayment:x EntityRef:r Credit:b RemitToAddr:x~ TotalAmt:n~ TxnId:x~ TxnNum:x~ Memo:s(4000)
 PrintStatus:e(NotSet|NeedToPrint|PrintComplete) PurchaseEx:x~ LessCIS:n~ IncludeInAnnualTPAR:b
""",
    "BillPayment": _TXN_BASE
    + """
 VendorRef:r(Vendor) VendorAddr:o(PhysicalAddress) APAccountRef:r(Account) PayType:e(Check|CreditCard) CheckPayment:x
 CreditCardPayment:x TotalAmt:n ProcessBillPayment:b
""",
    "Deposit": _TAXED_BASE + " DepositToAccountRef:r(Account) CashBack:x TotalAmt:n~ HomeTotalAmt:n~",
    "Account": _OBJECT
    + f"""
 Name:s(100) SubAccount:b~ ParentRef:r(Account) Description:s(100) FullyQualifiedName:s~ AccountAlias:s
 TxnLocationType:s
 Active:b Classification:x~ AccountType:e({_ACCOUNT_TYPES}) AccountSubType:s AcctNum:s(20) BankNum:s OpeningBalance:n
 OpeningBalanceDate:d CurrentBalance:n~ CurrentBalanceWithSubAccounts:n~ CurrencyRef:r(Currency) TaxAccount:b
 TaxCodeRef:r
""",
    "Term": _OBJECT
    + """
 Name:s(31) Active:b Type:s DiscountPercent:n DueDays:n DiscountDays:n DayOfMonthDue:n DueNextMonthDays:n
 DiscountDayOfMonth:n
""",
    "PaymentMethod": _OBJECT + " Name:s(31) Active:b Type:e(CREDIT_CARD|NON_CREDIT_CARD)",
    "Department": _OBJECT
    + " Name:s(100) SubDepartment:b ParentRef:r(Department) FullyQualifiedName:s~ Active:b Address:o(PhysicalAddress)",
    "Class": _OBJECT + " Name:s(100) SubClass:b ParentRef:r(Class) FullyQualifiedName:s~ Active:b",
    "TaxAgency": _OBJECT
    + """
 DisplayName:s(100) TaxTrackedOnSales:b~ TaxTrackedOnPurchases:b~ LastFileDate:d~ TaxRegistrationNumber:s~
 TaxAgencyConfig:s~
""",
    "TaxService": _OBJECT + " TaxCode:s(100) TaxCodeId:s~ TaxRateDetails:o(TaxRateDetails)*",
    "TaxRateDetails": "TaxRateName:s(10) TaxRateId:s RateValue:n TaxAgencyId:s "
    "TaxApplicableOn:e(Sales|Purchase|Adjustment|Other)",
    "Line": """
 Id:s LineNum:n Description:s(4000) Amount:n Received:n LinkedTxn:o(LinkedTxn)*
 DetailType:e(SalesItemLineDetail|ItemBasedExpenseLineDetail|AccountBasedExpenseLineDetail|DiscountLineDetail|DescriptionOnly|SubTotalLineDetail|GroupLineDetail|TaxLineDetail|DepositLineDetail|PaymentLineDetail)
 SalesItemLineDetail:o(SalesItemLineDetail) ItemBasedExpenseLineDetail:o(ItemBasedExpenseLineDetail)
 AccountBasedExpenseLineDetail:o(AccountBasedExpenseLineDetail) DiscountLineDetail:o(DiscountLineDetail)
 DescriptionLineDetail:o(DescriptionLineDetail) SubTotalLineDetail:x GroupLineDetail:x TaxLineDetail:o(TaxLineDetail)
 DepositLineDetail:o(DepositLineDetail) PaymentLineDetail:x CustomField:o(CustomField)* LineEx:x~ ProjectRef:r
 CostAmount:n~ HomeCostAmount:n~
""",
    "SalesItemLineDetail": _ITEM_DETAIL + " ServiceDate:d DiscountRate:n DiscountAmt:n DeferredRevenue:b",
    "ItemBasedExpenseLineDetail": _ITEM_DETAIL + _EXPENSE_DETAIL,
    "AccountBasedExpenseLineDetail": "ClassRef:r(Class) AccountRef:r(Account) MarkupInfo:o(MarkupInfo) TaxAmount:n "
    "TaxCodeRef:r TaxInclusiveAmt:n " + _EXPENSE_DETAIL,
    "DiscountLineDetail": "DiscountRef:r PercentBased:b DiscountPercent:n DiscountAccountRef:r(Account) ServiceDate:d "
    "ClassRef:r(Class) TaxCodeRef:r",
    "DescriptionLineDetail": "ServiceDate:d TaxCodeRef:r",
    "DepositLineDetail": "Entity:r ClassRef:r(Class) AccountRef:r(Account) "
    "PaymentMethodRef:r(PaymentMethod) CheckNum:s(21) "
    "TxnType:s TaxCodeRef:r TaxApplicableOn:s",
    "TaxLineDetail": "TaxRateRef:r(TaxRate) PercentBased:b TaxPercent:n NetAmountTaxable:n TaxInclusiveAmount:n "
    "OverrideDeltaAmount:n ServiceDate:d",
    "TxnTaxDetail": "DefaultTaxCodeRef:r TxnTaxCodeRef:r TotalTax:n TaxLine:o(Line)* "
    "TaxReviewStatus:x~ UseAutomatedSalesTax:b",
    "LinkedTxn": "TxnId:s TxnType:s TxnLineId:s",
    "PhysicalAddress": """
 Id:s~ Line1:s(500) Line2:s(500) Line3:s(500) Line4:s(500) Line5:s(500) City:s(255) Country:s(255) CountryCode:s
 County:s CountrySubDivisionCode:s(255) PostalCode:s(30) PostalCodeSuffix:s Lat:s~ Long:s~ Tag:s Note:s
""",
    "EmailAddress": "Id:s~ Address:s(100) Default:b Tag:s",
    "TelephoneNumber": "Id:s~ DeviceType:s CountryCode:s AreaCode:s ExchangeCode:s Extension:s "
    "FreeFormNumber:s(30) Default:b Tag:s",
    "WebSiteAddress": "Id:s~ URI:s(1000) Default:b Tag:s",
    "MemoRef": "id:s value:s(1000)",
    "MarkupInfo": "PercentBased:b Value:n Percent:n PriceLevelRef:r MarkUpIncomeAccountRef:x~",
    "CustomField": "DefinitionId:s Name:s Type:s StringValue:s BooleanValue:b DateValue:d NumberValue:n",
}
