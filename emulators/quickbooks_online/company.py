"""A company as tests and the demo see it: look at the books, or change them as the bookkeeper would."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import operations, seed
from .books import Books
from .entities import ENTITIES
from .json_text import Obj, copy_of
from .special import rows_of
from .store import Store


@dataclass(kw_only=True)
class Company(Books):
    """One QuickBooks company. Settings are attributes, see `Books`.

    The by-hand methods follow QuickBooks' own rules but need no SyncToken and may work in a closed period; they raise
    Refusal like the API. `before_look` lets the emulator first carry out late commits that have come due.
    """

    before_look: Callable[[], None] = lambda: None

    def start_over(self) -> None:
        """Back to the starting lists; settings stay."""
        self.store = Store()
        self.forced_totals.clear()
        seed.fill(self)

    def entities(self, entity: str) -> list[Obj]:
        """All objects of an entity, inactive ones too, as QuickBooks would return them."""
        self.before_look()
        return [copy_of(row) for row in rows_of(self, ENTITIES[entity].name)]

    def get(self, entity: str, object_id: str) -> Obj | None:
        """One object, or None when there is none (any more)."""
        self.before_look()
        found = self.store.get(ENTITIES[entity].name, object_id)
        return None if found is None else _copy(found)

    def create_by_hand(self, entity: str, values: Obj) -> Obj:
        """The bookkeeper enters something."""
        self.before_look()
        return _copy(operations.save(self, ENTITIES[entity], values, by_hand=True))

    def edit_by_hand(self, entity: str, object_id: str, values: Obj) -> Obj:
        """The bookkeeper changes some fields; `Line`, if given, is the whole new list."""
        self.before_look()
        body = {**values, "Id": object_id, "sparse": True}
        for needed in ("VendorRef", "PaymentType"):  # two entities want these on every update
            old = self.store.get(ENTITIES[entity].name, object_id) or {}
            if needed in old:
                body.setdefault(needed, old[needed])
        return _copy(operations.save(self, ENTITIES[entity], body, by_hand=True))

    def void_by_hand(self, entity: str, object_id: str) -> Obj:
        """The bookkeeper voids a transaction."""
        self.before_look()
        return _copy(operations.void(self, ENTITIES[entity], {"Id": object_id}, "batch", by_hand=True))

    def delete_by_hand(self, entity: str, object_id: str) -> None:
        """The bookkeeper deletes a transaction."""
        self.before_look()
        operations.delete(self, ENTITIES[entity], {"Id": object_id}, by_hand=True)

    def deactivate_by_hand(self, entity: str, object_id: str) -> Obj:
        """The bookkeeper makes a list entry inactive; its name gets " (deleted)"."""
        return self.edit_by_hand(entity, object_id, {"Active": False})

    def deposit_by_hand(self, payment_ids: Sequence[str], account_id: str = "6") -> Obj:
        """The bookkeeper puts payments into a bank deposit (account 6 is Checking); from then on they answer 6540."""
        lines = [{"LinkedTxn": [{"TxnId": payment_id, "TxnType": "Payment"}]} for payment_id in payment_ids]
        return self.create_by_hand("Deposit", {"DepositToAccountRef": {"value": account_id}, "Line": lines})


def _copy(obj: Obj) -> Obj:
    copied: Obj = copy_of(obj)
    return copied
