"""A small emulator of Syncro's public API: read customers, invoices, products and payments, create payments."""

from .app import JournalEntry, SyncroEmulator, serve

__all__ = ["JournalEntry", "SyncroEmulator", "serve"]
