"""Syncro to QuickBooks: everything the Lambda functions share. Start reading at `sync/`."""
