import os

import pytest

from tests.simulation.test_desktop_crash_everywhere import *
from tests.simulation.test_desktop_crash_everywhere import interrupt


@pytest.mark.parametrize("mode", [Mode.AFTER, Mode.LOST])
@pytest.mark.parametrize("name", STORIES)
def test_z(name, mode):
    start, story, check = STORIES[name]
    calls = calls_of(start, story, check)
    step=int(os.environ.get("STEP","1")); bad=0
    for at in range(0,len(calls),step):
        office = start(); story(office)
        interrupt(office, at, mode)
        office.boundaries = Boundaries()
        try:
            office.run_until_quiet(); check(office)
        except AssertionError as e:
            bad+=1
            print("BAD", name, mode, at, calls[at], str(e).splitlines()[:6], flush=True)
            for k,i in ((Kind.INVOICE,309),(Kind.INVOICE,310),(Kind.INVOICE,311),(Kind.PAYMENT,501),(Kind.PAYMENT,502),(Kind.STORE_CREDIT,901)):
                print("   ",k,i,office.status(k,i),[p.message for p in office.record(k,i).problems])
    assert not bad
