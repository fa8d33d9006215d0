import pytest

from syncro_quickbooks.desktop import passwords


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password costs a quarter of a second to check, by design; here it need not."""
    monkeypatch.setattr(passwords, "_COST", 16)
