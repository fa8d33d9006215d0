"""qbXML: what QuickBooks Desktop reads and writes. Knows its forms, not what they are used for."""
