"""A rendered page in a real browser, read as its reader reads it: by what is shown and clicked."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

WIDE, PHONE = (1280, 900), (390, 844)

# The rows of a table: code, texts of the cells, whether the account sums up others.
_TABLE = """
const table = document.querySelector(arguments[0]);
return [...table.querySelectorAll("tbody tr")].map((row) => ({
  code: row.dataset.code || "", summary: row.classList.contains("sum"), hidden: row.hidden,
  cells: [...row.children].map((cell) => cell.textContent.trim()),
}));
"""
_FOOT = """
const foot = document.querySelector(arguments[0] + " tfoot tr");
return foot ? [...foot.children].map((cell) => cell.textContent.trim()) : [];
"""


def amount(text: str) -> Decimal:
    """A Brazilian amount as the books have it: D positive, C and parentheses negative."""
    negative = text.endswith("C") or text.startswith("(")
    value = Decimal(text.strip("() DC").replace(".", "").replace(",", "."))
    return -value if negative else value


class Page:
    """The page, and what a reader does with it."""

    def __init__(self, browser: Chrome, index: Path) -> None:
        self.browser = browser
        self.index = index

    def open(self, place: str = "") -> None:
        """Open the page anew, at a place in it."""
        self.browser.get("about:blank")
        self.browser.get(self.index.as_uri() + place)

    def run(self, script: str, *values: Any) -> Any:
        """Run a script in the page."""
        return self.browser.execute_script(script, *values)

    def table(self, selector: str) -> list[dict[str, Any]]:
        """The rows of a table, those that are folded away too."""
        found: list[dict[str, Any]] = self.run(_TABLE, selector)
        return found

    def foot(self, selector: str) -> list[str]:
        """The texts of a table's last row."""
        found: list[str] = self.run(_FOOT, selector)
        return found

    def text(self, selector: str) -> str:
        """What is shown there."""
        from selenium.webdriver.common.by import By  # noqa: PLC0415 - only `make test-browser` has it

        return str(self.browser.find_element(By.CSS_SELECTOR, selector).text)

    def click(self, text: str, within: str = "body") -> None:
        """Click the link or button that says so, as a reader would: it must be shown."""
        from selenium.webdriver.common.by import By  # noqa: PLC0415

        path = ".//*[self::a or self::button][contains(normalize-space(.), $)]".replace(
            "$", json.dumps(text, ensure_ascii=False)
        )
        root = self.browser.find_element(By.CSS_SELECTOR, within)
        shown = [one for one in root.find_elements(By.XPATH, path) if one.is_displayed()]
        assert shown, f"nothing to click says '{text}'"
        self.run("arguments[0].scrollIntoView({block: 'center'})", shown[0])
        shown[0].click()

    def requests(self) -> list[str]:
        """The addresses the browser has asked for."""
        get_log: Any = self.browser.get_log  # untyped where selenium is installed
        logged = get_log("performance")
        messages = [json.loads(entry["message"])["message"] for entry in logged]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]

    def complaints(self) -> list[str]:
        """What the browser's console holds: errors of scripts, refused requests."""
        get_log: Any = self.browser.get_log  # untyped where selenium is installed
        logged = get_log("browser")
        return [entry["message"] for entry in logged]


@contextmanager
def browser(profile: Path, size: tuple[int, int] = WIDE) -> Iterator[Chrome]:
    """Debian's Chromium, which has never been anywhere."""
    from selenium.webdriver import Chrome, ChromeOptions  # noqa: PLC0415
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

    options = ChromeOptions()
    options.binary_location = _program("chromium")
    for argument in (
        "--headless=new",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--no-proxy-server",
        f"--user-data-dir={profile}",
        f"--window-size={size[0]},{size[1]}",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ):
        options.add_argument(argument)
    if size == PHONE:
        metrics = {"width": size[0], "height": size[1], "pixelRatio": 1}
        options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = Chrome(options=options, service=Service(_program("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found is not None, f"{name} is missing: run `make test-browser`"
    return found
