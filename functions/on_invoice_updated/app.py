"""Door of `invoice.created`, `.updated` and `.deleted`: the invoice with its customer, products and tax rates."""

from syncro_quickbooks.event_door import event_door

handler = event_door("invoice")
