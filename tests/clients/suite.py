"""Runs every client example as its user would: against the local stack, with the user's phone at hand."""

import itertools
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import unittest
import urllib.error

from network import Network
from phone import Terminal, app_code, call, sms_code

HERE = pathlib.Path(__file__).parent
API = os.environ["TWO_FACTOR_API"]
MISSING = "Set TWO_FACTOR_URL to the base URL of the API, and TWO_FACTOR_TOKEN to the user's token.\n"
SEND, VERIFY = "/api/two-factor/send-verification", "/api/two-factor/verify"
TSC = HERE.parents[1] / "target/clients/node_modules/.bin/tsc"
USERS = itertools.count(1000)


def token(**claims):
    return call(API, "/local/token", claims)["access_token"]


class Client:
    """What every client has to do. `command` runs its example; `lacks` names what this machine lacks to run it."""

    command, lacks = [], None

    def setUp(self):
        if self.lacks:
            self.skipTest(self.lacks)
        self.number = next(USERS)
        self.token = token(sub=str(self.number))
        self.network = Network(API)
        self.addCleanup(self.network.close)

    def run_client(self, *arguments, **environment):
        variables = {"TWO_FACTOR_URL": self.network.url, "TWO_FACTOR_TOKEN": self.token, **environment}
        terminal = Terminal([*self.command, *arguments], {**os.environ, **variables})
        self.addCleanup(terminal.end)
        return terminal

    def api(self, path, body=None, method=None):
        return call(API, path, body, self.token, method)

    def settings(self):
        return self.api("/api/two-factor")["data"]

    def enrolled_app(self):
        """Enrols an app and verifies it; returns the secret."""
        secret = self.api("/api/two-factor/secret")["data"]["secret_key"]
        self.api("/api/two-factor", {"method": "google", "secret_key": secret}, "PATCH")
        self.api(VERIFY, {"key": app_code(secret)}, "POST")
        return secret

    def code(self, secret):
        """A code for a sign-in right after enrolment: that of the next time step, because a code works only once."""
        return app_code(secret, time.time() + 30)

    def wrong_code(self, secret):
        right = {app_code(secret, time.time() + 30 * steps) for steps in range(-2, 4)}
        return next(code for code in map("{:06}".format, itertools.count()) if code not in right)

    def ends_well(self, terminal):
        status, output, error = terminal.end()
        self.assertEqual((status, error), (0, ""), output)
        return output

    def ends_badly(self, terminal):
        status, output, error = terminal.end()
        self.assertEqual(status, 1, output + error)
        return error

    def test_an_app_is_enrolled_and_verified(self):
        terminal = self.run_client("enrol-app")
        shown, secret = terminal.until_asked(), self.settings()["secret_key"]
        self.assertIn(f"key: {secret}\n", shown)
        picture = pathlib.Path(re.match(r"Open (\S+\.png) ", shown)[1])
        self.assertTrue(picture.read_bytes().startswith(b"\x89PNG"))
        self.assertFalse(picture.stat().st_mode & 0o077 and picture.parent.stat().st_mode & 0o055)
        code = self.code(secret)
        terminal.type(f"{code[:3]} {code[3:]} ")
        self.assertTrue(self.ends_well(terminal).endswith("That is right.\n"))
        self.assertEqual((self.settings()["method"], self.settings()["verified"]), ("google", True))
        self.assertFalse(picture.exists())

    def test_a_phone_is_enrolled_and_verified(self):
        phone = 20_300_000 + self.number
        terminal = self.run_client("enrol-phone", "45", str(phone))
        self.assertIn("was sent", terminal.until_asked())
        terminal.type(sms_code(API, f"+45{phone}"))
        self.ends_well(terminal)
        settings = {"method": "sms", "secret_key": None, "phone_prefix": 45, "phone": phone, "verified": True}
        self.assertEqual(self.settings(), settings)

    def test_a_wrong_code_and_no_code_are_told_and_the_right_one_signs_in(self):
        secret = self.enrolled_app()
        terminal = self.run_client("sign-in")
        terminal.until_asked()
        terminal.type(self.wrong_code(secret))
        self.assertIn("not right", terminal.until_asked())
        terminal.type("12 34")
        self.assertIn("not a code", terminal.until_asked())
        terminal.type(self.code(secret))
        self.ends_well(terminal)
        self.assertEqual(len(self.network.times(VERIFY)), 3)

    def test_what_is_disabled_is_gone(self):
        self.enrolled_app()
        self.ends_well(self.run_client("disable"))
        self.assertEqual((self.settings()["method"], self.settings()["secret_key"]), (None, None))

    def test_whoever_has_no_second_factor_is_asked_for_none(self):
        self.assertIn("No second factor", self.ends_well(self.run_client("sign-in")))

    def test_a_429_is_told_and_waited_out_and_nothing_is_tried_before(self):
        secret = self.enrolled_app()
        for _ in range(5):
            with self.assertRaises(urllib.error.HTTPError):
                self.api(VERIFY, {"key": self.wrong_code(secret)}, "POST")
        # The service says 60 seconds. The client knows only the header, so two seconds test the same.
        self.network.retry_after = 2
        terminal = self.run_client("sign-in")
        terminal.until_asked()
        terminal.type(self.code(secret))
        # An administrator resets the user while the client waits, so that the test need not wait a minute.
        self.network.wait_for(VERIFY)
        administrator = token(sub="1", scope="users:edit")
        call(API, f"/api/users/{self.number}/two-factor/reset", {}, administrator, "POST")
        self.api("/api/two-factor", {"method": "google", "secret_key": secret}, "PATCH")
        self.assertIn("Too many wrong codes. Try again in 2 s.", terminal.until_asked())
        terminal.type(self.code(secret))
        self.ends_well(terminal)
        first, second = self.network.times(VERIFY)
        self.assertGreaterEqual(second - first, 2)
        self.assertTrue(self.settings()["verified"])

    def test_a_wait_too_long_to_sit_out_ends_the_client(self):
        secret = self.enrolled_app()
        self.network.answer_next(VERIFY, 429, problem("too-many-attempts", 429), retry_after="3540")
        terminal = self.run_client("sign-in")
        terminal.until_asked()
        terminal.type(self.code(secret))
        status, output, _ = terminal.end()
        self.assertEqual(status, 1)
        self.assertIn("Try again in 59 min.", output)
        self.assertEqual(len(self.network.times(VERIFY)), 1)

    def test_a_second_sms_too_soon_is_told_and_not_tried_again(self):
        phone = 20_300_000 + self.number
        self.api("/api/two-factor", {"method": "sms", "phone_prefix": 45, "phone": phone}, "PATCH")
        self.api(SEND, {}, "POST")
        used = sms_code(API, f"+45{phone}")
        self.api(VERIFY, {"key": used}, "POST")
        terminal = self.run_client("sign-in")
        self.assertRegex(terminal.until_asked(), r"already sent.* in (30|2\d) s\.")
        terminal.type(used)
        self.assertIn("not right", terminal.until_asked())
        self.assertIn("No code was typed.", self.ends_badly(terminal))
        self.assertEqual(len(self.network.times(SEND)), 1)

    def test_a_fault_is_told_and_waited_out(self):
        secret = self.enrolled_app()
        terminal = self.run_client("sign-in")
        terminal.until_asked()
        for answer in (
            {"status": 503, "body": problem("unavailable", 503), "retry_after": "1"},
            # The gateway's own, which do not say how long.
            {"status": 429, "body": '{"message":"Too Many Requests"}'},
            {"status": 503, "body": "<html>down</html>"},
            # A problem that the client does not know, as from a later version.
            {"status": 503, "body": problem("sms-budget-spent", 503), "retry_after": "1"},
        ):
            self.network.answer_next(VERIFY, **answer)
            terminal.type(self.code(secret))
            self.assertIn("not available right now. Try again in 1 s.", terminal.until_asked())
        terminal.type(self.code(secret))
        self.ends_well(terminal)
        times = self.network.times(VERIFY)
        self.assertEqual(len(times), 5)
        self.assertTrue(all(later - earlier >= 1 for earlier, later in itertools.pairwise(times)), times)

    def test_a_problem_that_no_code_mends_is_an_error_with_its_type_status_detail_and_fields(self):
        error = self.ends_badly(self.run_client("enrol-phone", "45", "12"))
        self.assertIn("/problems/invalid-fields (422): ", error)
        self.assertIn("#/phone ", error)
        self.assertEqual(self.settings()["method"], None)

    def test_a_token_that_is_not_accepted_is_told(self):
        self.assertIn("sign in again", self.ends_badly(self.run_client("sign-in", TWO_FACTOR_TOKEN="a.b.c")))

    def test_an_answer_that_is_nobodys_is_an_error_too(self):
        for body in ("<html>Bad Gateway</html>", "[]", ""):
            self.network.answer_next("/api/two-factor", 502, body)
            error = self.ends_badly(self.run_client("sign-in"))
            self.assertIn("about:blank (502): HTTP 502", error)

    def test_why_there_is_no_answer_is_told_in_a_line(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = nobody.getsockname()[1]
            error = self.ends_badly(self.run_client("sign-in", TWO_FACTOR_URL=f"http://127.0.0.1:{port}"))
        self.assertRegex(error, rf"(?i)\A.*(refused|connect to 127\.0\.0\.1 port {port}).*\n\Z")

    def test_what_is_not_set_is_told_in_a_sentence(self):
        for missing_variable in ("TWO_FACTOR_URL", "TWO_FACTOR_TOKEN"):
            error = self.ends_badly(self.run_client("sign-in", **{missing_variable: ""}))
            self.assertEqual(error, MISSING)

    def test_a_base_url_may_end_in_a_slash(self):
        self.ends_well(self.run_client("sign-in", TWO_FACTOR_URL=f"{self.network.url}/"))
        self.assertEqual(len(self.network.times("/api/two-factor")), 1)

    def test_codes_come_from_a_pipe_too(self):
        secret = self.enrolled_app()
        terminal = self.run_client("sign-in")
        status, output, error = terminal.end(f"{self.wrong_code(secret)}\n{self.code(secret)}\n")
        self.assertEqual((status, error), (0, ""), output)
        self.assertIn("not right", output)
        self.assertIn("That is right.", output)

    def test_a_helpdesk_sees_what_a_user_has(self):
        self.enrolled_app()
        helpdesk = token(sub="1", scope=f"users:read:{self.number}")
        shown = self.ends_well(self.run_client("view", str(self.number), TWO_FACTOR_TOKEN=helpdesk))
        lines = ['method: "google"', "verified: true", "phone: null", "recovery_codes_left: 0", "locked_seconds: 0"]
        self.assertEqual(shown.splitlines(), lines)
        self.assertIn("read-permission-required", self.ends_badly(self.run_client("view", str(self.number))))

    def test_a_permitted_caller_resets_a_user(self):
        self.enrolled_app()
        administrator = token(sub="1", scope=f"users:edit:{self.number}")
        self.ends_well(self.run_client("reset", str(self.number), TWO_FACTOR_TOKEN=administrator))
        self.assertEqual(self.settings()["method"], None)
        error = self.ends_badly(self.run_client("reset", "a b/é", TWO_FACTOR_TOKEN=administrator))
        self.assertIn("#/ID ", error)
        self.assertEqual(len(self.network.times("/api/users/a%20b%2F%C3%A9/two-factor/reset")), 1)

    def test_recovery_codes_are_for_verified_settings_alone(self):
        error = self.ends_badly(self.run_client("recovery-codes"))
        self.assertRegex(error, r"^/problems/(not-verified|two-factor-disabled) \(409\): ")

    def test_recovery_codes_sign_in_once_each(self):
        self.enrolled_app()
        codes = self.ends_well(self.run_client("recovery-codes")).split()
        self.assertEqual(len(set(codes)), 10)
        terminal = self.run_client("sign-in")
        terminal.until_asked()
        terminal.type(codes[0])
        self.assertIn("Recovery codes left: 9", self.ends_well(terminal))
        terminal = self.run_client("sign-in")
        terminal.until_asked()
        terminal.type(codes[0])
        self.assertIn("not right", terminal.until_asked())
        terminal.type(codes[9].lower().replace("-", " "))
        self.assertIn("Recovery codes left: 8", self.ends_well(terminal))


def problem(name, status):
    return json.dumps({"type": f"/problems/{name}", "title": "t", "status": status, "detail": "d", "request_id": "r"})


def missing(*programs):
    return "".join(f"{program} is not installed. " for program in programs if not shutil.which(program)) or None


def laravel():
    """What the PHP example lacks here. Composer's packages beside it take precedence over Debian's."""
    if reason := missing("php"):
        return reason
    code = "exit((int) !stream_resolve_include_path('Illuminate/Http/autoload.php'));"
    if (HERE / "php/vendor/autoload.php").exists() or subprocess.run(["php", "-r", code]).returncode == 0:
        return None
    return "Laravel's HTTP client is not installed."


class Curl(Client, unittest.TestCase):
    command, lacks = [HERE / "curl/example"], missing("curl", "jq")


class JavaScript(Client, unittest.TestCase):
    command, lacks = ["node", HERE / "javascript/example.mjs"], missing("node")


@unittest.skipIf(missing("node") or not TSC.exists(), "TypeScript is not installed.")
class TypeScript(unittest.TestCase):
    def test_strict_typescript_takes_the_types_of_the_javascript_client(self):
        command = [TSC, "--project", HERE / "javascript/typed/tsconfig.json"]
        run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        self.assertEqual((run.returncode, run.stdout), (0, ""))


class Python(Client, unittest.TestCase):
    command = ["python3", HERE / "python/example.py"]


class Php(Client, unittest.TestCase):
    command, lacks = ["php", HERE / "php/example.php"], laravel()


if __name__ == "__main__":
    unittest.main(verbosity=2)
