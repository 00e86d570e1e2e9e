"""How the page behaves: what it keeps, what it notices on its own, and where it puts things."""

import json
import re
import time

from selenium.webdriver.common.keys import Keys

from running import local_stack
from steps import choose_claims, enrol_app, enrol_phone, make_recovery_codes, verify_app


def the_waits_for_codes_count_down(browser):
    browser.new_user()
    enrol_phone(browser)
    browser.click("send")
    browser.sees("sms-result", "/problems/too-many-sends")
    counts_down(browser, "send-wait", 30)
    browser.click("wrong")
    browser.sees("verify-result", "/problems/too-many-attempts")
    counts_down(browser, "attempt-wait", 60)
    browser.sees("inbox", "No longer valid.")
    browser.driver.refresh()
    browser.until(lambda: browser.shown("attempt-wait"), "the wait, after a reload too")


def too_many_changes_are_waited_for_too(browser):
    browser.new_user()
    enrol_phone(browser)
    # The page makes the changes one after another. The enrolment was the first of twenty in the hour.
    for _ in range(20):
        browser.click("disable")
    browser.sees("settings-result", "/problems/too-many-changes")
    browser.until(lambda: re.search(r"again in (60|59) min \d+ s", browser.text("change-wait")), "the wait")


def counts_down(browser, wait, longest):
    browser.until(lambda: browser.shown(wait), "the wait")
    seconds = lambda: int(re.search(r"(\d+) s", browser.text(wait))[1])
    first = seconds()
    assert longest - 15 <= first <= longest, first
    browser.until(lambda: seconds() < first - 1, "the wait counting down")
    passed = float(browser.find(wait).find_element("tag name", "progress").get_attribute("value"))
    assert 0 < passed < 0.8, passed


def an_sms_code_that_is_no_longer_good_is_not_offered(browser):
    browser.new_user()
    enrol_phone(browser)
    browser.all("#inbox button")[0].click()
    browser.press(Keys.ENTER)
    browser.sees("inbox", "Used: a code works once.")
    assert not browser.all("#inbox button")
    browser.click("from-phone")
    browser.sees("verify-result", "The phone has no code.")
    browser.new_user()
    enrol_phone(browser)
    browser.find("number").send_keys(Keys.ENTER)
    browser.sees("inbox", "No longer valid.")
    assert not browser.all("#inbox button")


def the_chosen_user_survives_reload_and_back(browser):
    user = browser.new_user()
    enrol_app(browser)
    verify_app(browser)
    away_and_back = lambda: (browser.open("/problems/invalid-code"), browser.driver.back())
    for leave in (browser.driver.refresh, away_and_back):
        leave()
        browser.sees("state", "on and verified")
        assert [browser.value("user"), browser.value("reset-id")] == [user, user]
        assert json.loads(browser.value("claims"))["sub"] == user
    assert len(browser.all("#user option")) == 2


def a_stopped_stack_and_a_restarted_one_are_noticed(browser):
    """On a separate stack that is restarted twice: once while the page is visible, once while it is hidden."""
    minted = lambda: sum("/local/token" in each.get_attribute("textContent") for each in browser.all("#log > li"))
    with local_stack() as browser.url:
        browser.open()
        user = browser.new_user()
        enrol_app(browser)
        before = minted()
    browser.sees("state", "not connected")
    browser.sees("who-result", "The stack is not responding.")
    browser.click("send")
    browser.sees("sms-result", "No response")
    port = browser.url.rsplit(":", 1)[1]
    with local_stack(port):
        browser.sees("who-result", "The stack was restarted")
        browser.sees("state", "off")
        enrol_app(browser)
        assert browser.value("user") == user and minted() == before + 1, (before, minted())
        browser.script("Object.defineProperty(document, 'visibilityState', {value: 'hidden'})")
    with local_stack(port):
        browser.click("read")
        browser.sees("state", "off")
        browser.sees("who-result", "The stack was restarted")
        assert minted() == before + 2, (before, minted())


def an_expired_token_says_so(browser):
    choose_claims(browser, json.dumps({"sub": "42", "exp": int(time.time()) - 10}))
    browser.sees("settings-result", "401 Unauthorized: the token has expired. Take exp out of the claims")
    choose_claims(browser, json.dumps({"sub": "42"}))
    browser.sees("state", "off")


def settings_changed_in_another_tab_are_read_again(browser):
    browser.new_user()
    tab = browser.driver.current_window_handle
    browser.script("open('/')")
    browser.go_to_tab(next(each for each in browser.driver.window_handles if each != tab))
    browser.sees("state", "off")
    enrol_app(browser)
    code = browser.text("code")
    browser.go_to_tab(tab)
    browser.sees("state", "not verified yet")
    browser.sees("settings-result", "two-factor.enabled, which did not come from this page")
    browser.until(lambda: browser.text("code") == code or browser.text("ring-text") > "25", "the same app on the phone")


def a_result_comes_into_view_and_earlier_ones_go(browser):
    browser.look(height=420)
    browser.new_user()
    browser.click("disable")
    browser.sees("settings-result", "Disabled.")
    browser.find("key").send_keys("123456", Keys.ENTER)
    browser.sees("verify-result", "/problems/two-factor-disabled")
    assert browser.in_view("verify-result") and browser.text("settings-result") == ""
    enrol_app(browser)
    browser.until(lambda: browser.in_view("app-result"), "the result of the enrolment")
    verify_app(browser)
    make_recovery_codes(browser)
    browser.until(lambda: browser.in_view("recovery-result"), "the result below ten codes")
    assert browser.text("verify-result") == ""


def requests_are_filtered_and_cleared(browser):
    browser.new_user()
    enrol_app(browser)
    shown = lambda: [each.text for each in browser.all("#log > li") if each.is_displayed()]
    browser.type("filter", "PATCH 204")
    assert len(shown()) == 1 and shown()[0].startswith("PATCH"), shown()
    browser.type("filter", "no such request")
    assert shown() == [] and browser.text("log-empty") == "No request matches the filter."
    browser.click("clear")
    assert browser.text("log-empty") == "None yet."
    browser.type("filter", "get")
    browser.click("read")
    browser.until(lambda: len(shown()) == 1, "the next request")


def events_show_this_users_first_and_what_is_in_them(browser):
    other = browser.new_user()
    enrol_app(browser)
    user = browser.new_user()
    enrol_app(browser)
    browser.sees("own-events", "two-factor.enabled")
    assert f"user {other}" not in browser.text("own-events") and f"user {other}" in browser.text("other-events")
    browser.all("#own-events summary")[0].click()
    payload = json.loads(browser.all("#own-events pre")[0].text)
    assert payload["subject"] == user and payload["method"] == "google", payload
    browser.all("#use-code")[0].click()
    browser.press(Keys.ENTER)
    browser.sees("own-events", "two-factor.verified")
    assert '"two-factor.enabled"' in browser.text("own-events"), "what was opened stays open"


def labels_stay_in_one_piece(browser):
    enrol_app(browser)
    browser.script("for (const each of document.querySelectorAll('details')) each.open = true")
    for width in (360, 768, 1280):
        browser.look(width, 900)
        broken = browser.script(
            "return [...document.querySelectorAll('button, label, nav a, .badge, summary h2, dt')].filter((each) => {"
            "const text = [...each.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());"
            "if (!text) return false; const range = document.createRange(); range.selectNodeContents(text);"
            "return new Set([...range.getClientRects()].map(({top}) => Math.round(top))).size > 1}).map((each) => each.textContent)"
        )
        assert not broken, (width, broken)
        browser.assert_fits()


def in_one_column_the_phone_comes_after_enrolment_and_lists_are_folded(browser):
    place = "const phone = document.getElementById('phone'); return [phone.previousElementSibling?.id, phone.nextElementSibling?.id]"
    assert browser.script(place) == [None, "requests"] and browser.shown("log")
    browser.look(360, 740)
    browser.until(lambda: browser.script(place)[0] == "enrol", "the phone after enrolment")
    assert not browser.shown("log") and not browser.shown("own-events")
    enrol_app(browser)
    browser.find("requests").find_element("tag name", "summary").click()
    browser.until(lambda: browser.shown("log"), "the requests, unfolded")
    browser.assert_accessible()
