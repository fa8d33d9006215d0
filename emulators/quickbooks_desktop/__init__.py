"""An emulator of QuickBooks Desktop, written from Intuit's rules.

It shares no code with the integration it tests. A company file answers qbXML by itself:

    company = CompanyFile(name="Acme IT")
    answer = company.process('<?xml version="1.0"?><?qbxml version="13.0"?><QBXML>…</QBXML>')
    company.receive(invoice_id, "50.00")          # the bookkeeper's hand
    company.entities("Invoice")                   # look at the books
"""

from .company import CompanyFile
from .processor import Session
from .statuses import HResult, Refused

__all__ = ["CompanyFile", "HResult", "Refused", "Session"]
