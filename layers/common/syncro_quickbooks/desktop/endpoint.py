"""The SOAP service over HTTP: a body in, status and body out. `text/xml` whatever happens (facts: QBD 1.1)."""

from dataclasses import dataclass

from syncro_quickbooks.desktop.interface import wsdl
from syncro_quickbooks.desktop.service import WebConnectorService
from syncro_quickbooks.desktop.soap import CONTENT_TYPE, Refused, read_call, write_answer, write_fault
from syncro_quickbooks.desktop.xml_reading import Document
from syncro_quickbooks.log import Log

LARGEST_BODY = 6 * 1024 * 1024
"""Lambda's own limit of a request; what is larger does not reach us there."""

_PAGE = (
    '<?xml version="1.0" encoding="utf-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><head>'
    "<title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>\n"
)
_SERVICE_PAGE = _PAGE.format(
    title="Syncro for QuickBooks Desktop",
    text="The QuickBooks Web Connector talks to this address. There is nothing to see here for people.",
)
_SUPPORT_PAGE = _PAGE.format(
    title="Syncro for QuickBooks Desktop: support",
    text="Open Syncro's QuickBooks page to see what was brought to QuickBooks, what was not and why, and how to "
    "reach support.",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; SOAP 1.1 wants faults to have status 500."""

    status: int
    body: str
    content_type: str = CONTENT_TYPE


class Endpoint:
    """Takes HTTP requests for the Web Connector's service."""

    def __init__(self, service: WebConnectorService, logger: Log) -> None:
        self._service = service
        self._log = logger

    def post(self, body: Document, address: str) -> Answer:
        """Answer a SOAP message from the caller at `address`. Everything has an answer, our own failures too."""
        try:
            if len(body) > LARGEST_BODY:
                raise Refused("Client", f"The message is larger than {LARGEST_BODY:,} bytes.")  # noqa: TRY301
            call = read_call(body)
            return Answer(200, write_answer(call.method, self._service.answer(call, address)))
        except Refused as refusal:
            fields = {"reason": str(refusal), "bytes": len(body)}
            self._log.warning("SOAP message refused", extra=fields)
            return Answer(500, write_fault(refusal.code, str(refusal)))
        except Exception:  # noqa: BLE001 - the Web Connector understands nothing but SOAP; the log has what it was
            self._log.exception("SOAP call failed")
            return Answer(500, write_fault("Server", "An error on our side. It was reported; try again later."))

    def get(self, own_address: str, *, describe: bool) -> Answer:
        """The page at the service's own address (the Web Connector looks whether it is there), or the description."""
        return Answer(200, wsdl(own_address) if describe else _SERVICE_PAGE)

    def support(self) -> Answer:
        """The page the .qwc file names for support."""
        return Answer(200, _SUPPORT_PAGE)
