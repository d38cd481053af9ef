"""A short campaign of spoilt stored files; the long one is run by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from campaigns.stored_files import campaign, tell
from campaigns.stored_specimens import make_specimens

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is bounded by Linux"),
]


@pytest.mark.slow
def test_what_is_spoilt_works_or_is_refused(tmp_path_factory):
    specimens = list(make_specimens(tmp_path_factory.mktemp("stored")))
    for seconds_long in ("report", "resume"):
        specimens[-1].uses.pop(seconds_long)
    tried = list(campaign(specimens, seed=16, tries=150))
    assert not [one for one in tried if not one.held], tell(tried)
    counted = Counter(one.outcome for one in tried)
    assert counted["refused"] > 60
    assert counted["worked"] > 10
