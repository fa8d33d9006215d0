"""Writing text into XML so that no parser on the way can misread it."""

import re

# XML 1.0 has no way to write these; a parser at the other end would refuse the whole document.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape(text: str) -> str:
    """`text` as XML content or attribute: pure ASCII, without the characters that XML cannot carry."""
    clean = _UNWRITABLE.sub("", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A bare CR would reach the other side as LF.
    clean = clean.replace("\r", "&#13;").replace('"', "&quot;")
    return clean.encode("ascii", "xmlcharrefreplace").decode("ascii")
