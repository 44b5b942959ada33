"""The page in a real browser: it draws, it redraws, and nothing goes wrong."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from report.made_up import make_choice, make_history

from pyhwnas import spaces
from pyhwnas.report import write_report

pytestmark = pytest.mark.browser

WATCH = """<script>
const note = (text) => document.documentElement.setAttribute("data-error", text);
window.addEventListener("error", (event) => note(event.message));
window.addEventListener("unhandledrejection", (event) => note(event.reason));
</script>"""
SWITCH = """<script>
const select = document.getElementById("axis-x");
select.value = "macs";
select.dispatchEvent(new Event("change"));
</script>"""


@pytest.fixture(scope="module")
def browser() -> str:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"needs one of {', '.join(names)}")
    return found


def opened(browser: str, path: Path, profile: Path, extra: str = "") -> str:
    """Document as it stands after all scripts have run."""
    page = path.read_text(encoding="utf-8")
    copy = path.with_name("watched.html")
    page = page.replace("<head>", "<head>" + WATCH, 1)
    head, body, tail = page.rpartition("</body>")
    copy.write_text(head + extra + body + tail, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,2000"]
    options += [f"--user-data-dir={profile}", "--virtual-time-budget=8000", "--dump-dom"]
    command = [browser, *options, copy.as_uri()]
    result = subprocess.run(command, capture_output=True, timeout=60, check=True)
    document = result.stdout.decode()
    assert not re.findall(r'data-error="([^"]*)"', document)
    return document


def points(document: str) -> int:
    return len(re.findall(r'<path class="point"', document))


def test_full_page_draws_and_redraws(browser, tmp_path):
    history = make_history(failed=(3,), violation=np.repeat([0.0, 0.5], [34, 6]))
    front = [int(key) for key in history.front().keys]
    choices = [make_choice(history, row, f"net-{row}") for row in front[:3]]
    space = spaces.NASBench201()
    path = write_report(tmp_path, history, title="run", choices=choices, space=space)
    document = opened(browser, path, tmp_path / "profile", SWITCH)
    # Every row with values, rings around the chosen, and those again beside their measurement.
    assert points(document) == 39 + 3 + 3
    assert "macs, lower is better" in document
    for choice in choices:
        assert document.count(f">{choice.name}</text>") == 1
    assert document.count('class="legend"') == 2


def test_small_page_draws(browser, tmp_path):
    values = np.array([[1.0], [-np.inf], [2.0]])
    path = write_report(tmp_path, make_history(n=3, values=values), title="run")
    document = opened(browser, path, tmp_path / "profile")
    assert points(document) == 2
    assert "Not drawn: 1 with a missing or infinite value" in document
