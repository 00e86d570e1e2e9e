"""How to use two_factor.py, in a terminal: TWO_FACTOR_URL=… TWO_FACTOR_TOKEN=… python3 example.py sign-in"""

import base64
import contextlib
import json
import os
import sys
import tempfile
import time

from two_factor import TwoFactor, TwoFactorError

LONGEST_WAIT = 120


def main(command, *arguments):
    url, token = os.environ.get("TWO_FACTOR_URL"), os.environ.get("TWO_FACTOR_TOKEN")
    if not url or not token:
        sys.exit("Set TWO_FACTOR_URL to the base URL of the API, and TWO_FACTOR_TOKEN to the user's token.")
    client = TwoFactor(url, token)
    if command == "enrol-app":
        secret = client.new_secret()
        client.enrol_app(secret)
        with picture(client.qr_image()) as file:
            print(f"Open {file} and scan it with the app, or type this key: {secret}")
            ask_until_right(client)
    elif command == "enrol-phone" and len(arguments) == 2:
        client.enrol_phone(*arguments)
        send(client)
        ask_until_right(client)
    elif command == "sign-in":
        settings = client.settings()
        if not settings["verified"]:
            print("No second factor is set.")
            return
        if settings["method"] == "sms":
            send(client)
        ask_until_right(client)
    elif command == "recovery-codes":
        print("\n".join(client.recovery_codes()))
    elif command == "disable":
        client.disable()
    elif command == "view" and len(arguments) == 1:
        for name, value in client.user_settings(*arguments).items():
            print(f"{name}: {json.dumps(value, ensure_ascii=False)}")
    elif command == "reset" and len(arguments) == 1:
        client.reset_user(*arguments)
    else:
        sys.exit("enrol-app | enrol-phone PREFIX NUMBER | sign-in | recovery-codes | disable | view USER-ID | reset USER-ID")


@contextlib.contextmanager
def picture(data_url):
    """A file that only this user can read, because the QR code contains the secret. It is deleted afterwards."""
    with tempfile.NamedTemporaryFile(prefix="two-factor-", suffix=".png") as file:
        file.write(base64.b64decode(data_url.split(",")[1]))
        file.flush()
        yield file.name


def send(client):
    outcome = client.send_at_sign_in()
    print(outcome.text or "A code was sent.")


def ask_until_right(client):
    while True:
        outcome = client.verify_at_sign_in(input("Code: "))
        if outcome.done:
            left = outcome.recovery_codes_left
            print("That is right." if left is None else f"That is right. Recovery codes left: {left}")
            return
        print(outcome.text, flush=True)
        if outcome.wait > LONGEST_WAIT:
            sys.exit(1)
        time.sleep(outcome.wait)


try:
    main(*(sys.argv[1:] or [""]))
except TwoFactorError as problem:
    if problem.status == 401:
        sys.exit("The token was not accepted: sign in again.")
    fields = "".join(f"\n{error['pointer']} {error['detail']}" for error in problem.errors)
    sys.exit(f"{problem}{fields}")
except EOFError:
    sys.exit("No code was typed.")
except (OSError, ValueError) as error:
    sys.exit(f"No response: {getattr(error, 'reason', error)}")
