"""How two_factor.py is used, in a terminal: TWO_FACTOR_URL and TWO_FACTOR_TOKEN=… python3 example.py sign-in"""

import os
import sys
import time

from two_factor import TwoFactor, TwoFactorError

LONGEST_WAIT = 120


def main(command, *arguments):
    client = TwoFactor(os.environ["TWO_FACTOR_URL"], os.environ["TWO_FACTOR_TOKEN"])
    if command == "enrol-app":
        secret = client.new_secret()
        client.enrol_app(secret)
        print(f'<img src="{client.qr_image()}">')
        print(f"Scan it with the app, or type this key: {secret}")
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
    else:
        sys.exit("enrol-app | enrol-phone PREFIX NUMBER | sign-in | recovery-codes | disable")


def send(client):
    outcome = client.send_at_sign_in()
    print(outcome.text or "A code was sent.")


def ask_until_right(client):
    while True:
        outcome = client.verify_at_sign_in(input("Code: ").strip())
        if outcome.done:
            print("That is right.")
            return
        print(outcome.text, flush=True)
        if outcome.wait > LONGEST_WAIT:
            sys.exit(1)
        time.sleep(outcome.wait)


try:
    main(*(sys.argv[1:] or [""]))
except TwoFactorError as problem:
    if problem.status == 401:
        sys.exit("The token is not accepted: sign in again.")
    fields = "".join(f"\n{error['pointer']} {error['detail']}" for error in problem.errors)
    sys.exit(f"{problem}{fields}")
except EOFError:
    sys.exit("Given up: no code was typed")
except OSError as error:
    sys.exit(f"Given up: {error}")
