"""An emulator of QuickBooks Online, written from Intuit's rules; it shares no code with the integration it tests."""

from .app import Emulator
from .company import Company
from .faults import ConnectionDropped, Fault
from .journal import JournalEntry
from .oauth import Tokens
from .refusals import Refusal
from .serve import serve

__all__ = ["Company", "ConnectionDropped", "Emulator", "Fault", "JournalEntry", "Refusal", "Tokens", "serve"]
