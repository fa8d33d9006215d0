"""QuickBooks Desktop through the Web Connector: its SOAP service, sessions, and what an account is known by."""
