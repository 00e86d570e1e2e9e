"""A Chromium browser for the tests of the console."""

import base64
import importlib.util
import json
import pathlib
import re

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from running import ROOT

PICTURES = ROOT / "target/console/pictures"
AXE = pathlib.Path(importlib.util.find_spec("axe_playwright_python").origin).with_name("axe.min.js")
# Log messages of requests that the console makes although they will be refused.
REFUSALS = re.compile(r"/api/\S+ - Failed to load resource: the server responded with a status of 4\d\d")


class Browser:
    def __init__(self, url):
        self.url = url
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars", "--window-size=1280,900"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
        self.cdp("Browser.grantPermissions", origin=url, permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])

    def close(self):
        self.driver.quit()

    def cdp(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def open(self, path="/"):
        self.driver.get(self.url + path)

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def find(self, id_):
        return self.driver.find_element(By.ID, id_)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, id_):
        return self.find(id_).text

    def value(self, id_):
        return self.find(id_).get_attribute("value")

    def click(self, id_):
        self.find(id_).click()

    def type(self, id_, text):
        field = self.find(id_)
        field.clear()
        field.send_keys(text)

    def until(self, condition, what):
        """Waits until the condition holds; fails with a message that names what was expected."""
        return WebDriverWait(self.driver, 20, 0.05).until(lambda _: condition(), f"waited in vain: {what}")

    def sees(self, id_, text):
        self.until(lambda: text in self.text(id_), f"{text!r} in #{id_}")

    def shown(self, id_):
        return self.find(id_).is_displayed()

    def in_view(self, id_):
        rectangle = "const {top, bottom} = document.getElementById(arguments[0]).getBoundingClientRect();"
        return self.script(f"{rectangle} return bottom > top && top >= 0 && bottom <= innerHeight", id_)

    def go_to_tab(self, handle):
        self.driver.switch_to.window(handle)
        self.cdp("Page.bringToFront")

    def new_user(self):
        before = self.value("user")
        self.click("new-user")
        self.until(lambda: self.value("user") != before, "another user")
        self.sees("state", "off")
        return self.value("user")

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self):
        return self.driver.switch_to.active_element

    def tab_to(self, id_, back=False):
        """Tabs to the element; each stop on the way must show that it has the focus."""
        for _ in range(120):
            if back:
                ActionChains(self.driver).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
            else:
                self.press(Keys.TAB)
            element = self.focused()
            if element.tag_name != "body":
                outline = element.value_of_css_property("outline-style")
                assert outline != "none", f"the focus cannot be seen on {element.get_attribute('outerHTML')[:120]}"
            if element.get_attribute("id") == id_:
                return
        raise AssertionError(f"the keyboard does not get to #{id_}")

    def look(self, width=1280, height=900, dark=False):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, name, whole=True):
        PICTURES.mkdir(parents=True, exist_ok=True)
        data = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        (PICTURES / f"{name}.png").write_bytes(base64.b64decode(data))

    def assert_fits(self):
        width, window = self.script("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        wide = self.script(
            "return [...document.body.querySelectorAll('*')].filter((each) => each.getBoundingClientRect().right > document.documentElement.clientWidth)"
            ".map((each) => each.outerHTML.slice(0, 90))"
        )
        assert width <= window, f"{self.driver.current_url} is {width} wide in {window}: {wide[:5]}"

    def assert_accessible(self):
        """Asserts that axe finds nothing in our own parts of the page. Swagger UI is excluded."""
        self.script(AXE.read_text())
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run({exclude: ['#swagger-ui']}, {resultTypes: ['violations']}).then(({violations}) => done(violations))"
        )
        told = [f"{each['id']}: {node['html'][:160]} {node['failureSummary']}" for each in found for node in each["nodes"]]
        assert not found, f"{self.driver.current_url}:\n" + "\n".join(told)

    def assert_quiet(self):
        """Asserts that the browser logged no errors except expected refusals, and sent no request elsewhere."""
        errors = [entry["message"] for entry in self.driver.get_log("browser") if not REFUSALS.search(entry["message"])]
        assert not errors, errors
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked = {each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"}
        foreign = {url for url in asked if not url.startswith((f"{self.url}/", "data:", "chrome:"))}
        assert asked and not foreign, foreign
