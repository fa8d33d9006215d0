"""The Web Connector's HTTP and SOAP, as .NET's client behaves (facts: QBD 1.1)."""

from functools import cache
from pathlib import Path
from typing import Any

import requests
import zeep
from lxml import etree  # type: ignore[import-untyped]  # no stubs in the lock file
from zeep.exceptions import Error as ZeepError
from zeep.transports import Transport
from zeep.wsdl import Document

NAMESPACE = "http://developer.intuit.com/"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_WSDL = Path(__file__).with_name("web_connector.wsdl")
_BINDING = f"{{{NAMESPACE}}}WebConnectorBinding"
_HEADERS = {
    "User-Agent": "Mozilla/4.0 (compatible; MSIE 6.0; MS Web Services Client Protocol 4.0.30319.42000)",
    "Content-Type": "text/xml; charset=utf-8",
    "Accept-Encoding": None,  # .NET asks for no compression and understands none
    "Accept": None,
}
_TIMEOUT = 100.0  # seconds, .NET's default [M]


class CallFailed(Exception):
    """The call threw: no usable answer. The text is what the Web Connector would log."""


class SoapClient:
    """Calls one service, counting bytes. `session` carries the requests: real HTTP, or WSGIAdapter for in-process."""

    def __init__(self, url: str, session: requests.Session) -> None:
        self._transport = _DotNetTransport(session)
        settings = zeep.Settings(xml_huge_tree=True)
        client = zeep.Client(_document(), transport=self._transport, settings=settings)
        self._service = client.create_service(_BINDING, url)

    @property
    def bytes_sent(self) -> int:
        """Bytes of all envelopes so far."""
        return self._transport.bytes_sent

    @property
    def bytes_received(self) -> int:
        """Bytes of all answers so far."""
        return self._transport.bytes_received

    def call(self, method: str, **parameters: str | int | None) -> Any:
        """One call; a parameter that is None is left out, an empty string is an empty element. Raises CallFailed."""
        try:
            return getattr(self._service, method)(**parameters)
        except (ZeepError, etree.LxmlError, requests.RequestException, ValueError, TypeError) as error:
            raise CallFailed(f"{type(error).__name__}: {error}") from error


@cache
def _document() -> Any:
    return Document(str(_WSDL), Transport())  # type: ignore[arg-type]  # zeep means an instance and says type


class _DotNetTransport:
    """What zeep needs of a transport to make calls."""

    def __init__(self, session: requests.Session) -> None:
        self.session = session
        self.bytes_sent = self.bytes_received = 0

    def post_xml(self, address: str, envelope: Any, headers: dict[str, str]) -> requests.Response:
        """Send the envelope as .NET spells it and refuse answers that .NET refuses. Raises CallFailed."""
        message = _spelled(envelope)
        self.bytes_sent += len(message)
        response = self.session.post(
            address,
            data=message,
            headers={**_HEADERS, "SOAPAction": headers["SOAPAction"]},
            allow_redirects=False,
            timeout=_TIMEOUT,
        )
        self.bytes_received += len(response.content)
        _check(response)
        return response


def _spelled(envelope: Any) -> bytes:
    """Prefix `soap`, the call in the default namespace (captured)."""
    call = envelope.find(f"{{{_SOAP}}}Body")[0]
    spaces = {
        "soap": _SOAP,
        "xsi": "http://www.w3.org/2001/XMLSchema-instance",
        "xsd": "http://www.w3.org/2001/XMLSchema",
    }
    root = etree.Element(f"{{{_SOAP}}}Envelope", nsmap=spaces)
    body = etree.SubElement(root, f"{{{_SOAP}}}Body")
    again = etree.SubElement(body, call.tag, nsmap={None: NAMESPACE})
    for part in call:
        etree.SubElement(again, part.tag).text = part.text or None
    text: bytes = etree.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>' + text


def _check(response: requests.Response) -> None:
    status = f"HTTP status {response.status_code}: {response.reason}"
    if 300 <= response.status_code < 400:
        raise CallFailed(f"The request failed with {status}.")  # AllowAutoRedirect is off
    if not response.content:
        raise CallFailed("The request failed with an empty response.")
    content_type = response.headers.get("Content-Type", "")
    if content_type.partition(";")[0].strip().lower() != "text/xml":
        raise CallFailed(
            f"Client found response content type of '{content_type}', but expected 'text/xml'. "
            f"The request failed with the error message: {response.text[:200]}"
        )
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise CallFailed("Response is not well-formed XML.")  # compressed, which .NET does not undo
    if response.status_code not in (200, 500):
        raise CallFailed(f"The request failed with {status}.")
