"""QuickBooks Online: client, OAuth, faults, mapping and the push."""
