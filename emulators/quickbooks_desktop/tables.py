"""The requests this emulator answers, qbXML 13.0 and later, US edition (facts: QBD 2.2)."""

from functools import cache

from .grammar import Part, parse

_PIECES = {
    "street": "Addr1?:41 Addr2?:41 Addr3?:41 Addr4?:41 Addr5?:41 City?:31 State?:21 PostalCode?:13 Country?:31"
    " Note?:41",
    "address": "{&street}",
    "contact": "AdditionalContactRef~{ContactName!:40 ContactValue!:255}",
    "barcode": "BarCode?{BarCodeValue?:50 AssignEvenIfUsed?:bool AllowOverride?:bool}",
    "person": "CompanyName?:41 Salutation?:15 FirstName?:25 MiddleName?:5 LastName?:25 JobTitle?:41",
    "reach": "Phone?:21 AltPhone?:21 Fax?:21 Email?:1023 Cc?:1023 Contact?:41 AltContact?:41 &contact",
    "card": "CreditCardInfo?{CreditCardNumber?:25 ExpirationMonth?:int ExpirationYear?:int NameOnCard?:41"
    " CreditCardAddress?:41 CreditCardPostalCode?:41}",
    "job": "JobStatus?:enum(Awarded,Closed,InProgress,None,NotAwarded,Pending) JobStartDate?:date"
    " JobProjectedEndDate?:date JobEndDate?:date JobDesc?:99 JobTypeRef?:ref159 Notes?:4095",
    "customer_head": "IsActive?:bool ClassRef?:ref159 ParentRef?:ref209 &person BillAddress?&address"
    " ShipAddress?&address ShipToAddress~{Name!:41 &street DefaultShipTo?:bool} &reach",
    "customer_tax": "SalesTaxCodeRef?:ref3 ItemSalesTaxRef?:ref31 ResaleNumber?:15 AccountNumber?:99 CreditLimit?:amt"
    " PreferredPaymentMethodRef?:ref31 &card &job",
    "delivery": "PreferredDeliveryMethod?:enum(None,Email,Fax) PriceLevelRef?:ref31",
    "form_head": "ClassRef?:ref159 ARAccountRef?:ref159 TemplateRef?:ref31 TxnDate?:date RefNumber?:11"
    " BillAddress?&address ShipAddress?&address IsPending?:bool",
    "form_body": "PONumber?:25 TermsRef?:ref31 DueDate?:date SalesRepRef?:ref5 FOB?:13 ShipDate?:date"
    " ShipMethodRef?:ref15 ItemSalesTaxRef?:ref31 Memo?:4095 CustomerMsgRef?:ref101 IsToBePrinted?:bool"
    " IsToBeEmailed?:bool CustomerSalesTaxCodeRef?:ref3 Other?:29 ExchangeRate?:float",
    "line_start": "ItemRef?:ref209 Desc?:4095 Quantity?:quan UnitOfMeasure?:31",
    "line_price": "[Rate!:price | RatePercent!:percent | PriceLevelRef!:ref31]? ClassRef?:ref159 Amount?:amt",
    "line_end": "InventorySiteRef?:ref31 InventorySiteLocationRef?:ref31 [SerialNumber?:4095 | LotNumber?:40]?"
    " ServiceDate?:date SalesTaxCodeRef?:ref3 OverrideItemAccountRef?:ref159 Other1?:29 Other2?:29",
    "price_rule": "OptionForPriceRuleConflict?:enum(Zero,BasePrice)",
    "ext": "DataExt~{OwnerID!:guid DataExtName!:31 DataExtValue!:text}",
    "credit": "SetCredit~{CreditTxnID!:id AppliedAmount!:amt Override?:bool}",
    "applied": "TxnID!:id PaymentAmount?:amt &credit DiscountAmount?:amt DiscountAccountRef?:ref159"
    " DiscountClassRef?:ref159",
    "payment": "ARAccountRef?:ref159 TxnDate?:date RefNumber?:20 TotalAmount?:amt ExchangeRate?:float"
    " PaymentMethodRef?:ref31 Memo?:4095 DepositToAccountRef?:ref159",
    "sold": "[SalesOrPurchase!{Desc?:4095 [Price!:price | PricePercent!:percent]? AccountRef?:ref159}"
    " | SalesAndPurchase!{SalesDesc?:4095 SalesPrice?:price IncomeAccountRef?:ref159 PurchaseDesc?:4095"
    " PurchaseCost?:price ExpenseAccountRef?:ref159 PrefVendorRef?:ref41}]! ExternalGUID?:guid",
    "ret": "IncludeRetElement~:50",
    "owner": "OwnerID~:guid",
    "match": "MatchCriterion!:enum(StartsWith,Contains,EndsWith)",
    "list_filter": "MaxReturned?:int ActiveStatus?:enum(ActiveOnly,InactiveOnly,All) FromModifiedDate?:datetime"
    " ToModifiedDate?:datetime [NameFilter!{&match Name!:text} | NameRangeFilter!{FromName?:text ToName?:text}]?",
    "list_query": "[ListID+:id | FullName+:text | &list_filter]? &ret",
    "entity": "{[ListID+:id | FullName+:text | ListIDWithChildren!:id | FullNameWithChildren!:text]!}",
    "txn_filter": "MaxReturned?:int [ModifiedDateRangeFilter!{FromModifiedDate?:datetime ToModifiedDate?:datetime}"
    " | TxnDateRangeFilter!{FromTxnDate?:date ToTxnDate?:date}]? EntityFilter?&entity"
    " [RefNumberFilter!{&match RefNumber!:text} | RefNumberRangeFilter!{FromRefNumber?:text ToRefNumber?:text}]?",
    "txn_ids": "TxnID+:id | RefNumber+:text | RefNumberCaseSensitive+:text",
    "paid": "PaidStatus?:enum(All,PaidOnly,NotPaidOnly)",
    "linked": "IncludeLineItems?:bool IncludeLinkedTxns?:bool",
    "txn_types": "enum(ARRefundCreditCard,Bill,BillPaymentCheck,BillPaymentCreditCard,BuildAssembly,Charge,Check,"
    "CreditCardCharge,CreditCardCredit,CreditMemo,Deposit,Estimate,InventoryAdjustment,Invoice,ItemReceipt,JournalEntry,"
    "PurchaseOrder,ReceivePayment,SalesOrder,SalesReceipt,SalesTaxPaymentCheck,TimeTracking,TransferInventory,"
    "VehicleMileage,VendorCredit)",
    # No ReceivePayment, Estimate or SalesOrder here: those can only be deleted (facts: QBD 2.2).
    "void_types": "enum(ARRefundCreditCard,Bill,BillPaymentCheck,BillPaymentCreditCard,Charge,Check,CreditCardCharge,"
    "CreditCardCredit,CreditMemo,Deposit,InventoryAdjustment,Invoice,ItemReceipt,JournalEntry,SalesReceipt,VendorCredit)",
}

_RULES = {
    "CustomerAdd": "Name!:41 &customer_head Contacts~{Salutation?:15 FirstName!:25 MiddleName?:5 LastName?:25"
    " JobTitle?:41 &contact} CustomerTypeRef?:ref159 TermsRef?:ref31 SalesRepRef?:ref5 OpenBalance?:amt"
    " OpenBalanceDate?:date &customer_tax AdditionalNotes~{Note!:4095} &delivery ExternalGUID?:guid CurrencyRef?:ref64",
    "CustomerMod": "ListID!:id EditSequence!:16 Name?:41 &customer_head ContactsMod~{ListID!:id EditSequence!:16"
    " Salutation?:15 FirstName!:25 MiddleName?:5 LastName?:25 JobTitle?:41 &contact} CustomerTypeRef?:ref159"
    " TermsRef?:ref31 SalesRepRef?:ref5 &customer_tax AdditionalNotesMod~{NoteID!:int Note!:4095} &delivery"
    " CurrencyRef?:ref64",
    "VendorAdd": "Name!:41 IsActive?:bool ClassRef?:ref159 &person VendorAddress?&address ShipAddress?&address &reach"
    " NameOnCheck?:41 AccountNumber?:99 Notes?:4095",
    "InvoiceAdd": "CustomerRef!:ref209 &form_head IsFinanceCharge?:bool &form_body ExternalGUID?:guid LinkToTxnID~:id"
    " &credit [InvoiceLineAdd!{&line_start &line_price &price_rule &line_end LinkToTxn?{TxnID!:id TxnLineID!:id} &ext}"
    " | InvoiceLineGroupAdd!{ItemGroupRef!:ref31 Quantity?:quan UnitOfMeasure?:31}]~",
    "InvoiceMod": "TxnID!:id EditSequence!:16 CustomerRef?:ref209 &form_head &form_body &credit"
    " [InvoiceLineMod!{TxnLineID!:id &line_start OverrideUOMSetRef?:ref31 &line_price &price_rule &line_end}"
    " | InvoiceLineGroupMod!{TxnLineID!:id ItemGroupRef?:ref31 Quantity?:quan}]~",
    "CreditMemoAdd": "CustomerRef!:ref209 &form_head &form_body ExternalGUID?:guid"
    " [CreditMemoLineAdd!{&line_start &line_price &line_end &ext} | CreditMemoLineGroupAdd!{ItemGroupRef!:ref31"
    " Quantity?:quan UnitOfMeasure?:31}]+",
    "ReceivePaymentAdd": "CustomerRef!:ref209 &payment ExternalGUID?:guid [IsAutoApply!:bool"
    " | AppliedToTxnAdd+{&applied}]!",
    "ReceivePaymentMod": "TxnID!:id EditSequence!:16 CustomerRef?:ref209 &payment AppliedToTxnMod~{&applied}",
    "ItemServiceAdd": "Name!:31 &barcode IsActive?:bool ClassRef?:ref159 ParentRef?:ref209 UnitOfMeasureSetRef?:ref31"
    " SalesTaxCodeRef?:ref3 &sold",
    "ItemNonInventoryAdd": "Name!:31 &barcode IsActive?:bool ParentRef?:ref209 ClassRef?:ref159"
    " ManufacturerPartNumber?:31 UnitOfMeasureSetRef?:ref31 SalesTaxCodeRef?:ref3 &sold",
    "ItemOtherChargeAdd": "Name!:31 &barcode IsActive?:bool ClassRef?:ref159 ParentRef?:ref209 SalesTaxCodeRef?:ref3"
    " &sold",
    "ItemSalesTaxAdd": "Name!:31 &barcode IsActive?:bool ClassRef?:ref159 ItemDesc?:4095 TaxRate?:percent"
    " TaxVendorRef?:ref41 ExternalGUID?:guid",
    "ItemSalesTaxGroupAdd": "Name!:31 &barcode IsActive?:bool ItemDesc?:4095 ExternalGUID?:guid ItemSalesTaxRef+:ref31",
    "SalesTaxCodeAdd": "Name!:3 IsActive?:bool IsTaxable!:bool Desc?:31",
    "StandardTermsAdd": "Name!:31 IsActive?:bool StdDueDays?:int StdDiscountDays?:int DiscountPct?:percent",
    "PaymentMethodAdd": "Name!:31 IsActive?:bool PaymentMethodType?:enum(AmericanExpress,Cash,Check,DebitCard,Discover,"
    "ECheck,GiftCard,MasterCard,Other,OtherCreditCard,Visa)",
    "TxnVoid": "TxnVoidType!:&void_types TxnID!:id",
    "TxnDel": "TxnDelType!:&txn_types TxnID!:id",
    "HostQuery": "IncludeListMetaData?{IncludeMaxCapacity!:bool} &ret",
    "CompanyQuery": "&ret &owner",
    "PreferencesQuery": "&ret",
    "CustomerQuery": "[ListID+:id | FullName+:text | &list_filter]? &ret &owner",
    "VendorQuery": "[ListID+:id | FullName+:text | &list_filter]? &ret &owner",
    "ItemQuery": "[ListID+:id | FullName+:text | &list_filter]? &ret &owner",
    "ItemServiceQuery": "[ListID+:id | FullName+:text | &list_filter]? &ret &owner",
    "ItemNonInventoryQuery": "[ListID+:id | FullName+:text | &list_filter]? &ret &owner",
    "ItemOtherChargeQuery": "[ListID+:id | FullName+:text | &list_filter]? &ret &owner",
    "ItemSalesTaxQuery": "[ListID+:id | FullName+:text | &list_filter]? &ret &owner",
    "ItemSalesTaxGroupQuery": "[ListID+:id | FullName+:text | &list_filter]? &ret &owner",
    "SalesTaxCodeQuery": "&list_query",
    "TermsQuery": "&list_query",
    "PaymentMethodQuery": "[ListID+:id | FullName+:text | &list_filter PaymentMethodType~:text]? &ret",
    "ClassQuery": "&list_query",
    "AccountQuery": "[ListID+:id | FullName+:text | &list_filter AccountType~:text]? &ret &owner",
    "InvoiceQuery": "[&txn_ids | &txn_filter &paid]? &linked &ret &owner",
    "CreditMemoQuery": "[&txn_ids | &txn_filter]? &linked &ret &owner",
    "ReceivePaymentQuery": "[&txn_ids | &txn_filter]? IncludeLineItems?:bool &ret &owner",
    "TxnDeletedQuery": "TxnDelType+:&txn_types DeletedDateRangeFilter?{FromDeletedDate?:datetime"
    " ToDeletedDate?:datetime} &ret",
}

NO_ITERATOR = frozenset({"AccountQuery", "TermsQuery", "SalesTaxCodeQuery", "PaymentMethodQuery", "ClassQuery"})
NOT_IN_CANADA_OR_UK = frozenset({"ItemSalesTaxRef", "CustomerSalesTaxCodeRef"})  # facts: QBD 2.1
TRANSACTIONS = frozenset({"Invoice", "CreditMemo", "ReceivePayment"})


def is_known(name: str) -> bool:
    """True for a request this emulator answers; `name` without the ending Rq."""
    return name in _RULES


@cache
def rule(name: str) -> tuple[Part, ...]:
    """What stands inside `<nameRq>`; an add or modification has one inner element and may be followed by a filter."""
    inner = _RULES[name]
    if name.endswith(("Add", "Mod")):
        inner = f"{name}!{{{inner}}} &ret"
    return parse(inner, _PIECES)


@cache
def body_rule(name: str) -> tuple[Part, ...]:
    """What stands inside the inner element of an add or modification."""
    return parse(_RULES[name], _PIECES)
