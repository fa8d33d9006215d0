"""JSON as gzip blobs: snapshots, bodies and dispatches compress to about a tenth."""

import gzip

from syncro_quickbooks import exact_json
from syncro_quickbooks.json_types import Json
from syncro_quickbooks.storage.table import MAX_BLOB_BYTES, Value


class TooLarge(Exception):
    """A blob does not fit into an item even when compressed."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size:,} bytes compressed, {MAX_BLOB_BYTES:,} fit")
        self.size = size


def pack(value: Json) -> bytes:
    """`value` as compressed JSON, the same bytes for the same value. Raises TooLarge."""
    blob = gzip.compress(exact_json.dumps(value).encode(), compresslevel=6, mtime=0)
    if len(blob) > MAX_BLOB_BYTES:
        raise TooLarge(len(blob))
    return blob


def unpack(blob: Value) -> Json:
    """What `pack` packed."""
    if not isinstance(blob, bytes):
        raise TypeError(f"expected a packed blob, found {type(blob).__name__}")
    return exact_json.loads(gzip.decompress(blob))
