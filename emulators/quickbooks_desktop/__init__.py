"""An emulator of QuickBooks Desktop, written from Intuit's rules.

It shares no code with the integration it tests. A company file answers qbXML by itself:

    company = CompanyFile(name="Acme IT")
    answer = company.process('<?xml version="1.0"?><?qbxml version="13.0"?><QBXML>…</QBXML>')
    company.receive(invoice_id, "50.00")          # the bookkeeper's hand
    company.entities("Invoice")                   # look at the books

and a Web Connector runs whole sessions between it and a SOAP service, over real HTTP or in-process:

    http = requests.Session()
    http.mount("http://qbwc.test", WSGIAdapter(wsgi_app))
    connector = WebConnector(company=company, url="http://qbwc.test/qbwc", user="acme", password="secret", http=http)
    report = connector.run()                      # report.calls, .progress, .exchanges, .code, .message, bytes
    connector.around = harness                    # harness(name, call): fail before, after, or raise AnswerLost

Hooks for tests: `CompanyFile.throw`, `break_off`, `refuse`, `refuse_locked`, `in_use`, and the settings of `Books`.
What QuickBooks does that no source tells is marked [G] where it is decided, [M] where it is from general knowledge.
"""

from .company import CompanyFile
from .processor import Session
from .statuses import HResult, Refused
from .web_connector import AnswerLost, Exchange, Report, WebConnector

__all__ = ["AnswerLost", "CompanyFile", "Exchange", "HResult", "Refused", "Report", "Session", "WebConnector"]
