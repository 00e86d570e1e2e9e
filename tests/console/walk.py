"""What a curious developer does with the console, and what must not happen meanwhile."""

import json
import re
import subprocess
import sys
import time
import traceback

from selenium.webdriver.common.keys import Keys

import page
from browser import Browser
from running import local_stack
from steps import choose_claims, enrol_app, enrol_phone, make_recovery_codes, verify_app

TEN_CODES = r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}"


def an_app_is_enrolled_and_verified(browser):
    browser.new_user()
    enrol_app(browser)
    width = "return document.getElementById('qr').naturalWidth"
    browser.until(lambda: browser.script(width) >= 200, "the picture of the QR code")
    browser.until(lambda: browser.text("secret"), "the secret")
    secret = browser.text("secret").replace(" ", "")
    assert re.fullmatch("[A-Z2-7]{32}", secret) and secret in browser.text("settings"), secret
    verify_app(browser)
    browser.sees("verify-result", "Right.")
    browser.until(lambda: browser.shown("code-used"), "that the code was used")


def a_code_works_once(browser):
    browser.new_user()
    enrol_app(browser)
    code = browser.text("code").replace(" ", "")
    verify_app(browser)
    browser.type("key", code + Keys.ENTER)
    browser.sees("verify-result", "/problems/invalid-code")
    browser.click("read")
    browser.sees("state", "on and verified")


def a_phone_is_enrolled_and_verified_by_sms(browser):
    browser.new_user()
    assert browser.shown("inbox-empty")
    browser.click("from-phone")
    browser.sees("verify-result", "The phone has no code.")
    enrol_phone(browser)
    browser.sees("phone-news", "New SMS")
    browser.click("from-phone")
    browser.until(lambda: browser.value("key"), "the code in the field")
    assert browser.value("key") in browser.text("inbox")
    browser.press(Keys.ENTER)
    browser.sees("state", "on and verified")


def an_administrator_resets_and_others_may_not(browser):
    user = browser.new_user()
    enrol_app(browser)
    verify_app(browser)
    other = browser.new_user()
    browser.type("reset-id", user)
    browser.click("reset-forbidden")
    browser.sees("reset-result", "/problems/edit-permission-required")
    browser.find("reset-id").send_keys(Keys.ENTER)
    browser.sees("reset-result", f"User {user} no longer has two-factor")
    browser.script("const users = document.getElementById('user'); users.value = arguments[0]; users.dispatchEvent(new Event('change'))", user)
    browser.sees("state", "off")
    assert other != user
    browser.sees("own-events", "two-factor.reset")
    assert f"user {user} by user 7" in browser.text("own-events")


def a_recovery_code_stands_in_for_the_phone_once(browser):
    browser.new_user()
    browser.find("recovery-form").find_element("css selector", "button").click()
    browser.sees("recovery-result", "/problems/two-factor-disabled")
    enrol_app(browser)
    verify_app(browser)
    make_recovery_codes(browser)
    codes = [item.text for item in browser.all("#codes code")]
    assert all(re.fullmatch(TEN_CODES, code) for code in codes) and len(set(codes)) == 10, codes
    browser.all("#codes button")[3].click()
    assert browser.value("key") == codes[3]
    browser.press(Keys.ENTER)
    browser.sees("verify-result", "Right.")
    browser.until(lambda: "used" in browser.all("#codes li")[3].get_attribute("class"), "that the code was used")
    browser.type("key", codes[3].lower() + Keys.ENTER)
    browser.sees("verify-result", "/problems/invalid-code")
    browser.sees("own-events", "two-factor.recovery-code-used")


def claims_are_the_callers_to_choose(browser):
    choose_claims(browser, "{no json")
    browser.sees("who-result", "This is not JSON")
    choose_claims(browser, json.dumps({"sub": "not-a-number"}))
    browser.sees("settings-result", "/problems/caller-not-identified")
    browser.sees("state", "no settings")


def a_copied_command_does_what_the_console_did(browser):
    browser.new_user()
    enrol_app(browser)
    browser.click("disable")
    browser.sees("settings-result", "Disabled.")
    log = [(each.get_attribute("textContent"), each) for each in browser.all("#log > li")]
    patch = next(each for text, each in log if text.startswith("PATCH") and "secret_key" in text)
    browser.script("arguments[0].querySelector('details').open = true", patch)
    patch.find_element("css selector", "button").click()
    browser.until(lambda: "Copied" in patch.text, "that it was copied")
    copied = browser.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    ran = subprocess.run(["bash", "-c", copied], capture_output=True, text=True, timeout=20)
    assert ran.stdout.startswith("HTTP/1.1 204"), (copied, ran)
    browser.click("read")
    browser.sees("state", "not verified yet")


def the_reference_has_a_token(browser):
    browser.until(lambda: browser.all(".authorization__btn.locked, .authorization__btn[aria-label*='locked']"), "the token")


def the_reference_tries_operations_as_the_consoles_user(browser):
    browser.new_user()
    enrol_app(browser)
    browser.open("/reference#/settings/getSettings")
    operation = lambda: browser.find("operations-settings-getSettings")
    browser.until(lambda: browser.all("#operations-settings-getSettings .execute"), "the operation, open")
    paths = [each.text.replace("\u200b", "") for each in browser.all(".opblock-summary-path")]
    assert paths[:3] == ["/api/two-factor", "/api/two-factor", "/api/two-factor/qr"], paths
    the_reference_has_a_token(browser)
    operation().find_element("css selector", ".execute").click()
    browser.until(lambda: '"method": "google"' in operation().text, "the settings of the console's user")
    assert f"{browser.url}/api/two-factor" in operation().text, operation().text


def the_reference_sends_forms(browser):
    browser.new_user()
    browser.open("/reference#/settings/updateSettings")
    found = lambda selector: browser.all(f"#operations-settings-updateSettings {selector}")
    browser.until(lambda: found(".body-param-content-type option"), "the kinds of body")
    kinds = [each.get_attribute("value") for each in found(".body-param-content-type option")]
    assert kinds == ["application/json", "application/x-www-form-urlencoded"], kinds
    found(".body-param-content-type option")[1].click()
    browser.until(lambda: "sms" in [each.get_attribute("value") for each in found("input")], "the example in the form")
    the_reference_has_a_token(browser)
    found(".execute")[0].click()
    browser.until(lambda: "204" in "".join(each.text for each in found(".live-responses-table")), "the response")
    sent = "".join(each.text for each in found(".curl-command"))
    assert "method=sms&phone_prefix=45&phone=20123456" in sent, sent
    browser.open()
    browser.until(lambda: "20123456" in browser.text("settings"), "the phone that the form set")


def the_keyboard_alone_is_enough(browser):
    browser.open()
    browser.sees("state", "o")
    before = browser.value("user")
    browser.press(Keys.TAB)
    assert browser.focused().get_attribute("class") == "skip"
    browser.press(Keys.ENTER)
    browser.tab_to("new-user")
    browser.press(Keys.ENTER)
    browser.until(lambda: browser.value("user") != before, "another user")
    browser.sees("state", "off")
    browser.tab_to("enrol-app")
    browser.press(Keys.SPACE)
    browser.sees("state", "not verified yet")
    browser.tab_to("use-code")
    browser.press(Keys.ENTER)
    browser.until(lambda: browser.focused().get_attribute("id") == "key", "the focus in the field of the code")
    browser.press(Keys.ENTER)
    browser.sees("state", "on and verified")
    browser.tab_to("new-user", back=True)
    # There is no keyboard trap: the focus moves through the page and leaves it.
    for _ in range(200):
        browser.press(Keys.TAB)
        if browser.focused().tag_name == "body":
            return
    raise AssertionError("the keyboard does not get out of the page")


def the_pages_look_well(browser):
    """Light, dark, on a tablet and on a phone. A person has to judge the pictures."""
    enrol_app(browser)
    browser.look(1280, 1190)
    browser.script("scrollTo(0, 0)")
    browser.picture("readme", whole=False)
    browser.new_user()
    enrol_app(browser)
    verify_app(browser)
    make_recovery_codes(browser)
    browser.sees("own-events", "two-factor.recovery-codes-created")
    looks = {
        "light": {},
        "dark": {"dark": True},
        "tablet": {"width": 768, "height": 1024},
        "phone": {"width": 360, "height": 740},
    }
    pages = {"console": "/", "reference": "/reference", "problem": "/problems/too-many-attempts", "problems": "/problems"}
    for name, path in pages.items():
        if path != "/":
            browser.open(path)
            browser.until(lambda: path != "/reference" or len(browser.all(".opblock")) >= 9, "the operations")
        for look, options in looks.items():
            browser.look(**options)
            browser.assert_fits()
            browser.assert_accessible()
            browser.picture(f"{name}-{look}")
        browser.look()
    browser.assert_quiet()


# The first checks the browser's log itself. The second puts errors and another stack's address into it on purpose.
NOT_QUIET_AT_THE_END = (the_pages_look_well, page.a_stopped_stack_and_a_restarted_one_are_noticed)
JOURNEYS = [
    an_app_is_enrolled_and_verified,
    a_code_works_once,
    a_phone_is_enrolled_and_verified_by_sms,
    an_administrator_resets_and_others_may_not,
    a_recovery_code_stands_in_for_the_phone_once,
    claims_are_the_callers_to_choose,
    a_copied_command_does_what_the_console_did,
    the_reference_tries_operations_as_the_consoles_user,
    the_reference_sends_forms,
    the_keyboard_alone_is_enough,
    page.the_waits_for_codes_count_down,
    page.too_many_changes_are_waited_for_too,
    page.an_sms_code_that_is_no_longer_good_is_not_offered,
    page.the_chosen_user_survives_reload_and_back,
    page.a_stopped_stack_and_a_restarted_one_are_noticed,
    page.an_expired_token_says_so,
    page.settings_changed_in_another_tab_are_read_again,
    page.a_result_comes_into_view_and_earlier_ones_go,
    page.requests_are_filtered_and_cleared,
    page.events_show_this_users_first_and_what_is_in_them,
    page.labels_stay_in_one_piece,
    page.in_one_column_the_phone_comes_after_enrolment_and_lists_are_folded,
    the_pages_look_well,
]


def main():
    wanted = sys.argv[1:]
    failed = 0
    with local_stack() as url:
        for journey in JOURNEYS:
            name = journey.__name__
            if wanted and name not in wanted:
                continue
            browser = Browser(url)
            started = time.monotonic()
            try:
                browser.look()
                browser.open()
                browser.sees("state", "o")
                journey(browser)
                browser.assert_accessible()
                if journey not in NOT_QUIET_AT_THE_END:
                    browser.assert_quiet()
                print(f"ok    {name.replace('_', ' ')} ({time.monotonic() - started:.1f} s)", flush=True)
            except Exception:
                failed += 1
                browser.picture(f"failed-{name}")
                print(f"FAILED {name.replace('_', ' ')}\n{traceback.format_exc()}", flush=True)
            finally:
                browser.close()
    sys.exit(f"{failed} failed" if failed else 0)


main()
