"""Who depends on whom: records that wait for, follow or are made from another, and come back once that has changed."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.storage.packing import pack
from syncro_quickbooks.storage.table import Condition, Delete, Item, Key, Put, Update, Value, Write
from syncro_quickbooks.sync.model import Kind, Problem, RecordKey, Status
from syncro_quickbooks.sync.records import SCHEMA, Record, View
from syncro_quickbooks.sync.store import Changed, Store, Verdict, outbox_item

_COMING_ANYWAY = (Status.PENDING, Status.RETRYING)
_MOST_AT_ONCE = 40  # two writes each; a transaction takes 100


class Dependents:
    """The dependencies between one account's records in one realm. Lives as long as its store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys = store.keys
        self._stirred = False

    def stirred(self) -> bool:
        """Whether anything was put into the outbox since the last call: it is due, whatever has been read of it."""
        stirred, self._stirred = self._stirred, False
        return stirred

    def wait(self, view: View, on: Sequence[View], problem: Problem, status: Status = Status.WAITING) -> None:
        """`view` cannot go on before one of `on` changes: put it under them and out of the outbox.

        Raises Changed if `view` moved on since it was read.
        """
        waiting = self._store.conclusion(view, view.record.stamp, Verdict(status, (problem,)))
        self.follow(view, on[_MOST_AT_ONCE:])  # first, for an entry too many only leads nowhere
        # Other settings may make the dependency needless.
        self._store.commit([*self._under(view, on[:_MOST_AT_ONCE]), self._store.revisit(view.key), *waiting])

    def follow(self, view: View, on: Sequence[View]) -> None:
        """Look at `view` again, however it stands, when one of `on` changes."""
        for start in range(0, len(on), _MOST_AT_ONCE):
            self._store.commit(self._under(view, on[start : start + _MOST_AT_ONCE]))

    def _under(self, view: View, on: Sequence[View]) -> list[Write]:
        """Nothing is assumed about `on`: whoever settles it next sees who waits, and what that one has seen."""
        writes: list[Write] = []
        for other in on:
            named: dict[str, Value] = {":kind": str(other.key.kind), ":id": other.key.id, ":schema": SCHEMA}
            mark = Update(
                self._keys.record(other.key),
                "SET #has_waiters = :yes, #schema = :schema, #kind = :kind, #id = :id, "
                "#version = if_not_exists(#version, :never), #force = if_not_exists(#force, :none), "
                "#status = if_not_exists(#status, :dormant)",
                {**named, ":yes": True, ":never": 0, ":none": "", ":dormant": str(Status.DORMANT)},
            )
            waiter: Item = {"pk": self._keys.waiters(other.key), "sk": str(view.key), "since": self._store.now()}
            writes += [mark, Put({**waiter, "seen": _look(other, other.record.status)})]
        return writes

    def release_waiters(self, on: View, status: Status, keep_going: Callable[[], None]) -> View:
        """`on` now has `status`: move what waits on it and has seen it otherwise back into the outbox.

        What waits for another change goes on waiting, so two records that follow each other come to rest. Returns `on`
        as it is then. `keep_going` is called before each record and raises when the run must end; the rest follows in
        the next one.
        """
        look, left = _look(on, status), False
        for item in self._store.items(self._keys.waiters(on.key)):
            if item.get("seen") == look:
                left = True
                continue
            keep_going()
            key = RecordKey.parse(str(item["sk"]))
            self._store.commit([Delete(self._keys.waiter(on.key, key)), *self._reopening(self._store.view(key))])
        if not left:
            self._store.commit([Update(self._keys.record(on.key), "SET #has_waiters = :no", {":no": False})])
        return replace(on, record=replace(on.record, has_waiters=left))

    def revisit_all(self, keep_going: Callable[[], None]) -> None:
        """Settings or preferences have changed: put everything that was decided by them back into the outbox.

        `keep_going` as for `release_waiters`.
        """
        for item in self._store.items(self._keys.revisits):
            keep_going()
            key = RecordKey.parse(str(item["sk"]))
            back = Delete(Key(self._keys.revisits, str(key)))
            self._store.commit([back, *self._reopening(self._store.view(key))])

    def reopen(self, keys: Sequence[RecordKey]) -> None:
        """Have these records looked at again now."""
        reopenings = [self._reopening(view) for view in self._store.views(keys).values()]
        some = [writes for writes in reopenings if writes]
        for start in range(0, len(some), _MOST_AT_ONCE):
            together = some[start : start + _MOST_AT_ONCE]
            try:
                self._store.commit([write for writes in together for write in writes])
            except Changed:  # one of them: it alone is to be read again by the caller's next run
                for writes in together:
                    self._store.commit(writes)

    def users(self, key: RecordKey) -> list[RecordKey]:
        """The records that refer to `key`, or did once: payments of an invoice, credits of a customer."""
        return [RecordKey.parse(str(item["sk"])) for item in self._store.items(self._keys.users(key))]

    def reopen_users(self, of: RecordKey, kind: Kind, code: str) -> None:
        """Have the records of a kind that refer to `of` and have this problem looked at again now."""
        views = self._store.views([key for key in self.users(of) if key.kind is kind])
        self.reopen([key for key, view in views.items() if any(each.code == code for each in view.record.problems)])

    def note_user(self, of: RecordKey, who: RecordKey) -> None:
        """`who` turns out to refer to `of`, which its own event does not say."""
        place = self._keys.user(of, who)
        self._store.commit([Put({"pk": place.pk, "sk": place.sk, "schema": SCHEMA})])

    def note_source(self, of: RecordKey, which: RecordKey) -> None:
        """The document of `which` does a part of what `of` says; once `of` says otherwise, it must be told."""
        self._store.commit([Update(self._keys.source(of, which), "SET #schema = :schema", {":schema": SCHEMA})])

    def tell(self, view: View, sources: Sequence[RecordKey]) -> None:
        """Have the sources of a part of what `view` says looked at again, and remember that they have been told."""
        self.reopen(sources)  # first: told twice does no harm
        told = "SET #schema = :schema, #told = :told"
        values: dict[str, Value] = {":schema": SCHEMA, ":told": view.record.stamp}
        for source in sources:
            self._store.commit([Update(self._keys.source(view.key, source), told, values)])

    def sources(self, key: RecordKey) -> dict[RecordKey, str]:
        """The records whose documents do a part of what `key` says, or did once, each with the stamp it was told of."""
        items = self._store.items(self._keys.sources(key))
        return {RecordKey.parse(str(item["sk"])): str(item.get("told", "")) for item in items}

    def let_go(self, key: RecordKey, sources: Sequence[RecordKey]) -> None:
        """These do nothing more for `key`: have them looked at again."""
        self.reopen(sources)  # first: told twice does no harm
        for source in sources:
            self._store.commit([Delete(self._keys.source(key, source))])

    def derive(self, parent: View, key: RecordKey, snapshot: JsonObject, *, deleted: bool = False) -> None:
        """Desire a further document of `parent`, of its version. Nothing happens if that is desired already."""
        record, source = self._store.view(key).record, parent.record
        if (record.version, record.force, record.deleted) == (source.version, source.force, deleted):
            return
        self._desire(Record(key, parent.record.version, snapshot, deleted, parent.record.force))

    def confirm(self, key: RecordKey, snapshot: JsonObject) -> None:
        """Desire what a person asked for in the settings. It has no event: a changed wish is a new version."""
        record = self._store.view(key).record
        if record.desired != snapshot:
            self._desire(Record(key, record.version + 1, snapshot, force=record.force))

    def _desire(self, newer: Record) -> None:
        change = Update(
            self._keys.record(newer.key),
            "SET #schema = :schema, #kind = :kind, #id = :id, #version = :version, #force = :force, "
            "#deleted = :deleted, #desired = :desired, #status = :pending, #listed_in = :listing, #problems = :none, "
            "#changed_at = :now, #has_waiters = if_not_exists(#has_waiters, :no)",
            {
                ":schema": SCHEMA,
                ":kind": str(newer.key.kind),
                ":id": newer.key.id,
                ":version": newer.version,
                ":force": newer.force,
                ":deleted": newer.deleted,
                ":desired": pack(newer.desired),
                ":pending": str(Status.PENDING),
                ":listing": self._keys.listing(Status.PENDING),
                ":none": "[]",
                ":now": self._store.now(),
                ":no": False,
            },
        )
        self._stirred = True
        self._store.commit([change, Put(outbox_item(self._keys, newer, self._store.now()))])

    def _reopening(self, view: View) -> list[Write]:
        """Back into the outbox, unless it is there or nothing has ever been desired of it.

        A write that is under way was planned without what has changed now, so it is not the last word.
        """
        record, attempt = view.record, view.state.attempt
        if not record.version:
            return []
        changes, values, back = list[str](), dict[str, Value](), list[Write]()
        if attempt is not None:
            changes.append("#again_after = :dispatch")
            values[":dispatch"] = attempt.dispatch_id
        if record.status not in _COMING_ANYWAY:
            self._stirred = True
            changes.append("#status = :pending, #listed_in = :listing")
            values |= {":pending": str(Status.PENDING), ":listing": self._keys.listing(Status.PENDING)}
            back = [Put(outbox_item(self._keys, record, self._store.now()))]
        if not changes:
            return []
        same = Condition("#version = :version", {":version": record.version})
        return [*back, Update(self._keys.record(record.key), f"SET {', '.join(changes)}", values, same)]


def _look(view: View, status: Status) -> str:
    """Everything of a record that those who depend on it could go by."""
    state = view.state
    return f"{view.record.stamp} {state.qbo_id} {state.sync_token} {state.gone} {state.release_to} {status}"
