"""Where an account's items are in the table."""

from dataclasses import dataclass

from syncro_quickbooks.storage.table import Key
from syncro_quickbooks.sync.model import Kind, RecordKey, Status
from syncro_quickbooks.sync.records import LAYER_OF


@dataclass(frozen=True, slots=True)
class Keys:
    """Where an account's items are. Records spread over partitions; the outbox is apart from them."""

    account_id: str

    def record(self, key: RecordKey) -> Key:
        return Key(f"acct#{self.account_id}#{key}", "record")

    def realm_state(self, key: RecordKey, realm_id: str) -> Key:
        return Key(f"acct#{self.account_id}#{key}", f"realm#{realm_id}")

    def owner(self, realm_id: str, entity: str, qbo_id: str) -> Key:
        return Key(f"acct#{self.account_id}#realm#{realm_id}#{entity}#{qbo_id}", "owner")

    def outbox(self, layer: int) -> str:
        return f"acct#{self.account_id}#outbox#{layer}"

    def outbox_entry(self, key: RecordKey) -> Key:
        return Key(self.outbox(LAYER_OF[key.kind]), str(key))

    def waiters(self, key: RecordKey) -> str:
        return f"acct#{self.account_id}#waiters#{key}"

    def waiter(self, on: RecordKey, who: RecordKey) -> Key:
        return Key(self.waiters(on), str(who))

    def users(self, key: RecordKey) -> str:
        return f"acct#{self.account_id}#users#{key}"

    def user(self, of: RecordKey, who: RecordKey) -> Key:
        return Key(self.users(of), str(who))

    def sources(self, key: RecordKey) -> str:
        return f"acct#{self.account_id}#sources#{key}"

    def source(self, of: RecordKey, which: RecordKey) -> Key:
        return Key(self.sources(of), str(which))

    @property
    def revisits(self) -> str:
        return f"acct#{self.account_id}#revisit"

    def dispatches(self, realm_id: str) -> str:
        return f"acct#{self.account_id}#dispatch#{realm_id}"

    def dispatch(self, realm_id: str, dispatch_id: str) -> Key:
        return Key(self.dispatches(realm_id), dispatch_id)

    def known(self, kind: Kind) -> str:
        """Where the ids of all of the account's records of a kind are listed; only those that a job goes through."""
        return f"acct#{self.account_id}#known#{kind}"

    def of_job(self, job_id: str, what: str) -> str:
        return f"acct#{self.account_id}#job#{job_id}#{what}"

    def imported(self, payment_id: str) -> Key:
        """Where it is noted that a Syncro payment was made from one of QuickBooks."""
        return Key(f"acct#{self.account_id}#{Kind.PAYMENT}#{payment_id}", "imported")

    def history(self, key: RecordKey) -> str:
        return f"acct#{self.account_id}#history#{key}"

    def lists(self, realm_id: str) -> str:
        """Where QuickBooks' own lists are kept, for settings to be chosen from."""
        return f"acct#{self.account_id}#lists#{realm_id}"

    @property
    def audit(self) -> str:
        return f"acct#{self.account_id}#audit"

    @property
    def nights(self) -> str:
        """Where the reports of the nightly comparisons are."""
        return f"acct#{self.account_id}#nights"

    def night(self, realm_id: str) -> str:
        """Where is kept what sessions read of a company file for the coming comparison."""
        return f"acct#{self.account_id}#night#{realm_id}"

    def listing(self, status: Status) -> str:
        """Where the index `listed` has the account's records of a status: written with the status, by whoever does."""
        return f"acct#{self.account_id}#status#{status}"

    @property
    def log(self) -> str:
        """Where the index `listed` has the whole account's history."""
        return f"acct#{self.account_id}#log"

    def of_account(self, what: str) -> Key:
        return Key(f"acct#{self.account_id}", what)
