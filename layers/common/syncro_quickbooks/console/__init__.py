"""The REST API for people: what Syncro's QuickBooks pages read and change."""
