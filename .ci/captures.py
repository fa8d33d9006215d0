"""Reads what was captured of real Web Connectors and real QuickBooks with our own readers: `captures.py SAMPLES`.

SAMPLES is the folder beside the project that holds them. Answers must be read whole: as many replies, with the codes
and as many objects, as an independent look at the XML finds.
"""

import sys
from pathlib import Path

from lxml import etree

from syncro_quickbooks.desktop.qbxml.reading import read_answer
from syncro_quickbooks.desktop.soap import Refused, read_call
from syncro_quickbooks.desktop.xml_reading import Unreadable


def main() -> int:
    """Print what could not be read; 1 if there is anything, or there was nothing to read."""
    samples = Path(sys.argv[1])
    answers, calls = sorted((samples / "responses").glob("*.xml")), sorted((samples / "soap").glob("*.xml"))
    wrong = [f"{file.name}: {why}" for file in answers if (why := _misread_answer(file.read_bytes()))]
    wrong += [f"{file.name}: {why}" for file in calls if (why := _misread_call(file.read_bytes()))]
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    sys.stdout.write(f"{len(answers)} captured answers and {len(calls)} captured calls, {len(wrong)} misread\n")
    return 1 if wrong or not answers or not calls else 0


def _misread_answer(document: bytes) -> str:
    root = etree.fromstring(document)
    messages = root if root.tag == "QBXMLMsgsRs" else root.find("QBXMLMsgsRs")
    if messages is None:
        return ""  # a fragment that somebody kept of an answer
    try:
        replies = read_answer(document).replies
    except Unreadable as error:
        return str(error)
    wanted = [
        (each.tag.removesuffix("Rs"), each.get("statusCode"), sum(str(child.tag).endswith("Ret") for child in each))
        for each in messages
        if isinstance(each.tag, str)
    ]
    read = [(reply.name, str(reply.code), len(reply.objects)) for reply in replies]
    return "" if read == wanted else f"read as {read}, is {wanted}"


def _misread_call(document: bytes) -> str:
    try:
        call = etree.fromstring(document).find("{*}Body")[0]
    except etree.XMLSyntaxError:
        return ""  # somebody edited it
    wanted = etree.QName(call).localname
    if any(len(argument) for argument in call):
        return ""  # somebody unescaped the answer in it to make it readable
    try:
        method = read_call(document).method
    except Refused as error:
        return str(error)
    return "" if method == wanted else f"read as {method}, is {wanted}"


if __name__ == "__main__":
    sys.exit(main())
