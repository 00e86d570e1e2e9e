"""A client of the two-factor API. Python 3.9 or newer, the standard library only."""

import json
import math
import urllib.error
import urllib.request
from typing import NamedTuple

# What a user can mend, in words for that user: put your own in their place. Every other problem is raised.
USER_TEXTS = {
    "/problems/invalid-code": "That code is not right. Take the one that the app shows now, or the newest SMS.",
    "/problems/invalid-fields": "That is not a code: type its six digits, or a recovery code.",
    "/problems/too-many-attempts": "Too many wrong codes. Try again in {wait}.",
    "/problems/too-many-sends": "A code was sent already: look for the newest SMS. Another can be sent in {wait}.",
    "/problems/unavailable": "Not available just now. Try again in {wait}.",
}


class TwoFactorError(Exception):
    """An answer that is no success. `type` is the name to compare: `/problems/…`, or `about:blank` where the answer is
    not the service's own but the gateway's or a proxy's. `errors` lists the fields that are wrong. `retry_after` is
    the number of seconds to wait before another try, where waiting helps."""

    def __init__(self, status, headers, body):
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            document = {}
        self.status = status
        self.type = document.get("type", "about:blank")
        self.detail = document.get("detail") or document.get("message") or f"HTTP {status}"
        self.errors = document.get("errors", [])
        self.request_id = document.get("request_id")
        self.retry_after = None
        if status in (429, 503):
            # The gateway's own answers do not say how long: a second then.
            seconds = headers.get("Retry-After", "")
            self.retry_after = int(seconds) if seconds.isdecimal() else 1
        super().__init__(f"{self.type} ({status}): {self.detail}")


class Outcome(NamedTuple):
    """What to tell the user of a try. Nothing may be tried again for `wait` seconds."""

    done: bool
    text: str = ""
    wait: int = 0


class TwoFactor:
    """One user's two-factor settings. `token` is that user's. A method raises `TwoFactorError` for an answer that is no
    success, and `OSError` where there is no answer."""

    def __init__(self, url, token, timeout=10):
        self._url, self._token, self._timeout = url, token, timeout

    def settings(self):
        return self._request("GET", "/api/two-factor")["data"]

    def new_secret(self):
        return self._request("GET", "/api/two-factor/secret")["data"]["secret_key"]

    def qr_image(self):
        """The app's QR code, for the `src` of an `<img>`."""
        return self._request("GET", "/api/two-factor/qr")["data"]["qr_image"]

    # The settings below replace all earlier ones, and are not verified. `key` is a current code: a deployment with
    # StepUp=code wants one where verified settings are replaced (`/problems/step-up-required`).

    def enrol_app(self, secret_key, key=None):
        self._request("PATCH", "/api/two-factor", {"method": "google", "secret_key": secret_key, "key": key})

    def enrol_phone(self, phone_prefix, phone, key=None):
        body = {"method": "sms", "phone_prefix": phone_prefix, "phone": phone, "key": key}
        self._request("PATCH", "/api/two-factor", body)

    def disable(self, key=None):
        self._request("PATCH", "/api/two-factor", {"method": "", "key": key})

    def send_code(self):
        self._request("POST", "/api/two-factor/send-verification")

    def verify(self, code):
        self._request("POST", "/api/two-factor/verify", {"key": code})

    def recovery_codes(self, key=None):
        """Ten new codes, each of which `verify` takes once. They are shown this once, and earlier ones are void."""
        return self._request("POST", "/api/two-factor/recovery-codes", {"key": key})["data"]["recovery_codes"]

    def send_at_sign_in(self):
        return _outcome(self.send_code)

    def verify_at_sign_in(self, code):
        """Whether the code is right, and what to tell the user if it is not. Raises what another code cannot mend."""
        return _outcome(lambda: self.verify(code))

    def _request(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                raise TwoFactorError(error.code, error.headers, error.read()) from None


def _outcome(action):
    try:
        action()
    except TwoFactorError as problem:
        # 429 and 503 of the gateway itself mean the same as a fault of the service.
        busy = problem.type == "about:blank" and problem.retry_after is not None
        text = USER_TEXTS.get("/problems/unavailable" if busy else problem.type)
        if text is None:
            raise
        wait = problem.retry_after or 0
        return Outcome(False, text.format(wait=_duration(wait)), wait)
    return Outcome(True)


def _duration(seconds):
    return f"{seconds} s" if seconds <= 120 else f"{math.ceil(seconds / 60)} min"
