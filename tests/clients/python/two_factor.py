"""A client of the two-factor API. Python 3.9 or newer, the standard library only."""

import json
import math
import urllib.error
import urllib.parse
import urllib.request
from typing import NamedTuple, Optional

# Texts for problems that users can solve themselves: replace them with your own. Every other problem is raised.
USER_TEXTS = {
    "/problems/invalid-code": "That code is not right. Use the one that the app shows now, or the one in the newest SMS.",
    "/problems/invalid-fields": "That is not a code. Type its six digits, or a recovery code.",
    "/problems/too-many-attempts": "Too many wrong codes. Try again in {wait}.",
    "/problems/too-many-sends": "A code was already sent. Look for the newest SMS, or get another in {wait}.",
    "/problems/unavailable": "This is not available right now. Try again in {wait}.",
}


class TwoFactorError(Exception):
    """A non-2xx response. `type` is the name to compare: `/problems/…`, or `about:blank` if the response is not from the
    service but from the gateway or a proxy. `errors` lists the invalid fields. `retry_after` is the number of seconds to
    wait before another attempt, where waiting helps."""

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
            # The gateway's own responses do not say how long to wait: assume a second.
            seconds = headers.get("Retry-After", "")
            self.retry_after = int(seconds) if seconds.isdecimal() else 1
        super().__init__(f"{self.type} ({status}): {self.detail}")


class Outcome(NamedTuple):
    """What to tell the user about an attempt. Allow no other for `wait` seconds. `recovery_codes_left` is what `verify`
    returns."""

    done: bool
    text: str = ""
    wait: int = 0
    recovery_codes_left: Optional[int] = None


class TwoFactor:
    """One user's two-factor settings. `url` is the base URL of the API, `token` the user's. A method raises `TwoFactorError`
    for a non-2xx response, and `OSError` if there is no response."""

    def __init__(self, url, token, timeout=10):
        if not url.startswith(("https://", "http://")):
            raise ValueError(f"the base URL has to begin with https:// or http://: {url!r}")
        self._url, self._token, self._timeout = url.rstrip("/"), token, timeout

    def settings(self):
        return self._request("GET", "/api/two-factor")["data"]

    def new_secret(self):
        return self._request("GET", "/api/two-factor/secret")["data"]["secret_key"]

    def qr_image(self):
        """The app's QR code as a data URL, for the `src` of an `<img>`."""
        return self._request("GET", "/api/two-factor/qr")["data"]["qr_image"]

    # These replace all settings; the new ones are not verified yet. `key` is a current code, which a deployment with
    # StepUp=code requires to replace verified settings (`/problems/step-up-required`).

    def enrol_app(self, secret_key, key=None, new_key=None):
        """`new_key`, a current code of the new app, verifies it at once."""
        body = {"method": "google", "secret_key": secret_key, "key": _code(key)}
        if new_key:
            body["new_key"] = _code(new_key)
        self._request("PATCH", "/api/two-factor", body)

    def enrol_phone(self, phone_prefix, phone, key=None):
        body = {"method": "sms", "phone_prefix": phone_prefix, "phone": phone, "key": _code(key)}
        self._request("PATCH", "/api/two-factor", body)

    def disable(self, key=None):
        self._request("PATCH", "/api/two-factor", {"method": "", "key": _code(key)})

    def send_code(self):
        self._request("POST", "/api/two-factor/send-verification")

    def verify(self, code):
        """Raises unless the code is right. Call it on your server: what a browser says about a code proves nothing.
        Returns how many recovery codes are left if it was one, else None."""
        headers, _ = self._response("POST", "/api/two-factor/verify", {"key": _code(code)})
        left = headers.get("Recovery-Codes-Left")
        return None if left is None else int(left)

    def recovery_codes(self, key=None):
        """Ten new codes, each of which `verify` accepts once. They cannot be read again, and replace earlier ones."""
        return self._request("POST", "/api/two-factor/recovery-codes", {"key": _code(key)})["data"]["recovery_codes"]

    def user_settings(self, user_id):
        """What a helpdesk may know of another user. `token` needs the permission `users:read` or `users:edit`."""
        return self._request("GET", _of_user(user_id))["data"]

    def reset_user(self, user_id):
        """Removes another user's settings. `token` needs the permission `users:edit`."""
        self._request("POST", f"{_of_user(user_id)}/reset")

    def send_at_sign_in(self):
        """Whether a code was sent, and what to tell the user if it was not. Raises what waiting cannot solve."""
        return _outcome(self.send_code)

    def verify_at_sign_in(self, code):
        """Whether the code is right, and what to tell the user if it is not. Raises what another code cannot solve."""
        return _outcome(lambda: self.verify(code))

    def _request(self, method, path, body=None):
        return json.loads(self._response(method, path, body)[1] or b"null")

    def _response(self, method, path, body):
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:
                return answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise TwoFactorError(error.code, error.headers, error.read()) from None


def _of_user(user_id):
    return f"/api/users/{urllib.parse.quote(str(user_id), safe='')}/two-factor"


def _code(typed):
    """Removes spaces: apps show codes with a space in the middle, and people type it."""
    return typed and "".join(typed.split())


def _outcome(action):
    try:
        return Outcome(True, recovery_codes_left=action())
    except TwoFactorError as problem:
        text = USER_TEXTS.get(problem.type)
        if text is None and problem.retry_after is not None:
            # The gateway's own 429 and 503, and everything else that passes with time.
            text = USER_TEXTS["/problems/unavailable"]
        if text is None:
            raise
        wait = problem.retry_after or 0
        return Outcome(False, text.format(wait=_duration(wait)), wait)


def _duration(seconds):
    return f"{seconds} s" if seconds <= 120 else f"{math.ceil(seconds / 60)} min"
