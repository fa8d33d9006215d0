"""The one DynamoDB table and how values are packed into it. Knows nothing of invoices."""
