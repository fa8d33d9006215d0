"""An emulator of Syncro's public API: customers, invoices, products, vendors and payments of several accounts."""

from .account import SyncroAccount
from .app import JournalEntry, SyncroEmulator, serve

__all__ = ["JournalEntry", "SyncroAccount", "SyncroEmulator", "serve"]
