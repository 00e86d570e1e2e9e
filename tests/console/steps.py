"""Steps that several journeys share."""

import re

from selenium.webdriver.common.keys import Keys


def enrol_app(browser):
    browser.click("enrol-app")
    browser.sees("state", "not verified yet")
    browser.until(lambda: browser.shown("code") and re.fullmatch(r"\d{3} \d{3}", browser.text("code")), "a code")


def verify_app(browser):
    browser.click("use-code")
    browser.until(lambda: len(browser.value("key")) == 6, "a code in the field")
    browser.press(Keys.ENTER)
    browser.sees("state", "on and verified")


def enrol_phone(browser):
    browser.find("number").send_keys(Keys.ENTER)
    browser.sees("sms-result", "Set.")
    browser.click("send")
    browser.sees("inbox", "Two-Factor code")


def make_recovery_codes(browser):
    browser.find("recovery-form").find_element("css selector", "button").click()
    browser.until(lambda: len(browser.all("#codes li")) == 10, "ten codes")


def choose_claims(browser, text):
    browser.script("document.querySelector('#who details').open = true")
    browser.type("claims", text)
    browser.all("#claims-form button")[0].click()
