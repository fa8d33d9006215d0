"""`make event` says what it lacks: an event's name, or a stack to send it to."""

from pathlib import Path

import pytest

from local import send


@pytest.mark.parametrize("arguments", [[], ["invoice"], ["push_wake_up"]])
def test_what_is_no_event_of_syncro_is_answered_with_those_that_are(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert send.main(arguments) == 1
    said = capsys.readouterr().err
    assert "invoice_created" in said
    assert "sweep_schedule" not in said


def test_without_a_stack_it_says_how_to_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOCAL_STATE_DIR", str(tmp_path))
    assert send.main(["invoice_created"]) == 1
    assert "make local" in capsys.readouterr().err
