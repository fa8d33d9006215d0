import pytest

from syncro_quickbooks.desktop.hresults import explain, meaning
from syncro_quickbooks.sync.model import Who

# The codes of the documented list, by what can be done about them (facts: QBD 1.7).
PASSES = ["401", "408", "40A", "410", "414", "416", "41B", "422", "424"]
FOR_THE_ADMIN = ["418", "41A", "41D", "41E", "420", "427", "42A", "42C"]
OURS = ["400", "423"]


@pytest.mark.parametrize("code", PASSES)
def test_what_passes_by_itself(code: str) -> None:
    assert meaning(f"0x80040{code}").passes


@pytest.mark.parametrize("code", FOR_THE_ADMIN)
def test_what_an_admin_has_to_allow(code: str) -> None:
    assert (meaning(f"0x80040{code}").who, meaning(f"0x80040{code}").passes) == (Who.ADMIN, False)


@pytest.mark.parametrize("code", OURS)
def test_what_is_our_own_fault(code: str) -> None:
    assert (meaning(f"0x80040{code}").who, meaning(f"0x80040{code}").passes) == (Who.SUPPORT, False)


@pytest.mark.parametrize("hresult", ["0x8004040a", "0X8004040A", " 0x8004040A "])
def test_however_it_is_written(hresult: str) -> None:
    assert "another company file" in meaning(hresult).cause


@pytest.mark.parametrize("hresult", ["", "0x80040999", "0x80070005", "garbage"])
def test_an_unknown_one_keeps_quickbooks_own_words(hresult: str) -> None:
    problem = explain(hresult, "The words of QuickBooks")
    assert "The words of QuickBooks" in problem.verbatim
    assert not meaning(hresult).passes
