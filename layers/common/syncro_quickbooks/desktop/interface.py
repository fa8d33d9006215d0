"""The Web Connector's interface: its eight methods, and the description (WSDL) that tools can read.

Source: facts, QBD 1.1 and 1.2. Every parameter may be missing, which is how .NET sends a null.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from syncro_quickbooks.desktop.xml_writing import escape

INTUIT = "http://developer.intuit.com/"
"""The namespace of every method, parameter and result."""

SERVICE_NAME = "SyncroQuickBooks"


class Type(StrEnum):
    """What a parameter or result holds."""

    STRING = "s:string"
    INT = "s:int"
    STRINGS = "tns:ArrayOfString"


@dataclass(frozen=True, slots=True)
class Operation:
    """A method: its parameters in order, and the type of its result."""

    parameters: Mapping[str, Type]
    result: Type = Type.STRING

    @classmethod
    def of(cls, *strings: str, result: Type = Type.STRING, **more: Type) -> "Operation":
        """An operation with string parameters first."""
        return cls(dict.fromkeys(strings, Type.STRING) | more, result)


OPERATIONS: Mapping[str, Operation] = {
    "serverVersion": Operation.of(),
    "clientVersion": Operation.of("strVersion"),
    "authenticate": Operation.of("strUserName", "strPassword", result=Type.STRINGS),
    "sendRequestXML": Operation.of(
        "ticket",
        "strHCPResponse",
        "strCompanyFileName",
        "qbXMLCountry",
        qbXMLMajorVers=Type.INT,
        qbXMLMinorVers=Type.INT,
    ),
    "receiveResponseXML": Operation.of("ticket", "response", "hresult", "message", result=Type.INT),
    "connectionError": Operation.of("ticket", "hresult", "message"),
    "getLastError": Operation.of("ticket"),
    "closeConnection": Operation.of("ticket"),
}


def wsdl(address: str) -> str:
    """The description of the service that answers at `address`."""
    messages = "".join(_message(name, "") + _message(name, "Response") for name in OPERATIONS)
    schema = "".join(_element(name, operation) for name, operation in OPERATIONS.items())
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://www.w3.org/2001/XMLSchema"'
        f' xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:tns="{INTUIT}" targetNamespace="{INTUIT}">\n'
        f'<wsdl:types><s:schema elementFormDefault="qualified" targetNamespace="{INTUIT}">\n{schema}'
        '<s:complexType name="ArrayOfString"><s:sequence><s:element minOccurs="0" maxOccurs="unbounded" name="string"'
        ' nillable="true" type="s:string"/></s:sequence></s:complexType>\n'
        f"</s:schema></wsdl:types>\n{messages}"
        f'<wsdl:portType name="{SERVICE_NAME}Soap">\n{"".join(map(_port_operation, OPERATIONS))}</wsdl:portType>\n'
        f'<wsdl:binding name="{SERVICE_NAME}Soap" type="tns:{SERVICE_NAME}Soap">'
        '<soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>\n'
        f"{''.join(map(_bound_operation, OPERATIONS))}</wsdl:binding>\n"
        f'<wsdl:service name="{SERVICE_NAME}"><wsdl:port name="{SERVICE_NAME}Soap" binding="tns:{SERVICE_NAME}Soap">'
        f'<soap:address location="{escape(address)}"/></wsdl:port></wsdl:service>\n</wsdl:definitions>\n'
    )


def _element(name: str, operation: Operation) -> str:
    parameters = "".join(_member(parameter, kind) for parameter, kind in operation.parameters.items())
    return _wrapper(name, parameters) + _wrapper(f"{name}Response", _member(f"{name}Result", operation.result))


def _wrapper(name: str, members: str) -> str:
    return f'<s:element name="{name}"><s:complexType><s:sequence>{members}</s:sequence></s:complexType></s:element>\n'


def _member(name: str, kind: Type) -> str:
    least = 1 if kind is Type.INT else 0
    return f'<s:element minOccurs="{least}" maxOccurs="1" name="{name}" type="{kind}"/>'


def _message(name: str, suffix: str) -> str:
    return (
        f'<wsdl:message name="{name}{suffix or "Request"}">'
        f'<wsdl:part name="parameters" element="tns:{name}{suffix}"/></wsdl:message>\n'
    )


def _port_operation(name: str) -> str:
    return (
        f'<wsdl:operation name="{name}"><wsdl:input message="tns:{name}Request"/>'
        f'<wsdl:output message="tns:{name}Response"/></wsdl:operation>\n'
    )


def _bound_operation(name: str) -> str:
    return (
        f'<wsdl:operation name="{name}"><soap:operation soapAction="{INTUIT}{name}" style="document"/>'
        '<wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output>'
        "</wsdl:operation>\n"
    )
