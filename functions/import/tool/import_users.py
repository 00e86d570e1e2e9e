#!/usr/bin/env python3
"""Imports users from a file of any size, in batches, through the function `import`. See README.md beside this file.

Needs Python 3.10, and for AWS its command line interface. Installs nothing.
"""

import argparse
import concurrent.futures
import csv
import hashlib
import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

COLUMNS = ["id", "tenant", "method", "secret_key", "phone_prefix", "phone", "verified"]
BOOLEANS = {"true": True, "t": True, "1": True, "yes": True, "false": False, "f": False, "0": False, "no": False}
MOST_USERS = 500


class Stop(Exception):
    """The import cannot go on; the text says why."""


class TryAgain(Exception):
    """A call failed for a reason that is temporary."""


def arguments():
    parser = argparse.ArgumentParser(description="Brings in users whom another system has enrolled.")
    parser.add_argument("file", type=Path, help="a .csv file with a header, or a .jsonl file with an object on each line")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--function", metavar="NAME", help="the function on AWS: the stack's output ImportFunctionName")
    target.add_argument("--url", metavar="URL", help="the local stack, such as http://127.0.0.1:3000")
    parser.add_argument("--dry-run", action="store_true", help="only check the file: import nothing, and write no progress file")
    parser.add_argument("--replace", action="store_true", help="replace settings that are there; without it they stay")
    parser.add_argument("--batch", type=int, default=MOST_USERS, metavar="N", help="users of a call (default 500, the most)")
    parser.add_argument("--parallel", type=int, default=4, metavar="N", help="calls at once (default 4)")
    parser.add_argument("--tries", type=int, default=6, metavar="N", help="tries of a call before it stops (default 6)")
    options = parser.parse_args()
    if not 1 <= options.batch <= MOST_USERS or options.parallel < 1:
        parser.error(f"--batch takes 1 to {MOST_USERS}, --parallel at least 1")
    if options.file.suffix not in (".csv", ".jsonl", ".ndjson"):
        parser.error("the file's name must end in .csv, .jsonl or .ndjson")
    return options


def rows(file):
    """Yields each user with its line number; for a line that cannot be read, the error text in place of the user."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        if file.suffix != ".csv":
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, from_json(line)
            return
        reader = csv.DictReader(lines)
        header = reader.fieldnames or []
        if unknown := [name for name in header if name not in COLUMNS]:
            raise Stop(f"{file} has columns that are not taken: {', '.join(unknown)}. Taken are {', '.join(COLUMNS)}")
        if lacking := [name for name in ("id", "method") if name not in header]:
            raise Stop(f"{file} lacks the column {lacking[0]} in its first line")
        for row in reader:
            yield reader.line_num, from_cells(row)


def from_json(line):
    try:
        return json.loads(line)
    except ValueError:
        return "is not JSON"


def from_cells(row):
    if None in row or None in row.values():
        return "has more or fewer cells than the first line"
    user = {name: cell.strip() for name, cell in row.items() if cell.strip()}
    if "verified" in user:
        user["verified"] = BOOLEANS.get(user["verified"].lower(), user["verified"])
    return user


def on_aws(function, event):
    """Invokes the function. The event holds secrets, so it goes through a pipe, not through a file or an argument."""
    with tempfile.NamedTemporaryFile() as answer:
        command = ["aws", "lambda", "invoke", "--function-name", function, "--payload", "fileb:///dev/stdin"]
        command += ["--cli-read-timeout", "90", "--output", "json", answer.name]
        done = subprocess.run(command, input=event, capture_output=True)
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip()
            passing = ("Throttl", "TooManyRequests", "ServiceException", "Could not connect", "timed out", "timeout")
            raise (TryAgain if any(word in said for word in passing) else Stop)(said)
        result = json.loads(Path(answer.name).read_bytes())
        return failure(result) if "FunctionError" in json.loads(done.stdout) else result


def on_local_stack(url, event):
    request = urllib.request.Request(f"{url.rstrip('/')}/local/invoke/import", event, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=90) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        return failure(json.load(error))
    except OSError as error:
        raise TryAgain(f"{url}: {error}") from error


def failure(error):
    text = error.get("errorMessage") or error.get("message") or "the function failed"
    raise (Stop if error.get("errorType") in ("InvalidEvent", "Internal") else TryAgain)(text)


def send(batch, options):
    """Sends a batch, and again the users that were not written. Returns the counts and the errors of failed users."""
    result = {"imported": 0, "kept": 0, "failed": []}
    left = []
    for number, user in batch:
        if isinstance(user, str):
            result["failed"].append({"line": number, "errors": [{"pointer": "#", "detail": user}]})
        else:
            left.append((number, user))
    reason = "users were not written"
    for attempt in range(options.tries):
        if not left:
            break
        if attempt:
            time.sleep(2 ** (attempt - 1) * random.uniform(0.5, 1))
        event = {"users": [user for _, user in left], "replace": options.replace, "dry_run": options.dry_run}
        event = json.dumps(event).encode()
        try:
            answer = on_aws(options.function, event) if options.function else on_local_stack(options.url, event)
        except TryAgain as error:
            reason = error
            continue
        result["imported"] += answer["imported"]
        result["kept"] += answer["kept"]
        for failed in answer["failed"]:
            number, user = left[failed["index"]]
            named = {"id": user["id"]} if isinstance(user, dict) and "id" in user else {}
            result["failed"].append({"line": number, **named, "errors": failed["errors"]})
        left = [left[index] for index in answer["unwritten"]]
    if not left:
        return result
    raise Stop(f"{len(left)} users of a batch could not be sent in {options.tries} tries: {reason}")


class State:
    """The finished batches, in a file beside the users': an interrupted run continues from it. It holds no secret."""

    def __init__(self, options):
        self.file = options.file.with_name(options.file.name + ".state")
        self.report = options.file.with_name(options.file.name + ".failed.jsonl")
        self.kept = not options.dry_run
        self.done = {}
        digest = hashlib.sha256()
        with options.file.open("rb") as users:
            while block := users.read(1 << 20):
                digest.update(block)
        target = options.function or options.url
        about = {"file": digest.hexdigest(), "batch": options.batch, "replace": options.replace, "target": target}
        if self.kept and self.file.exists():
            self.read(about)
        else:
            self.report.unlink(missing_ok=True)
            if self.kept:
                self.file.write_text(json.dumps(about) + "\n")

    def read(self, about):
        lines = self.file.read_text().splitlines()
        if not lines or json.loads(lines[0]) != about:
            raise Stop(f"{self.file} is of another file, target or choice. Remove it to begin afresh")
        for line in lines[1:]:
            try:
                batch = json.loads(line)
            except ValueError:
                continue  # The run was interrupted while writing this line, so the batch is sent again.
            self.done[batch["batch"]] = batch

    def add(self, number, result):
        counts = {"batch": number, "imported": result["imported"], "kept": result["kept"], "failed": len(result["failed"])}
        with self.report.open("a") as report:
            report.writelines(json.dumps(failed) + "\n" for failed in result["failed"])
        if self.kept:
            with self.file.open("a") as state:
                state.write(json.dumps(counts) + "\n")
        self.done[number] = counts

    def sum(self, name):
        return sum(batch[name] for batch in self.done.values())


class Progress:
    """A progress bar on a terminal; elsewhere a line for every tenth."""

    def __init__(self, total, already):
        self.total, self.already, self.users, self.begun, self.tenths = total, already, already, time.monotonic(), 0

    def show(self, users, failed):
        self.users += users
        part = self.users / max(self.total, 1)
        rate = (self.users - self.already) / max(time.monotonic() - self.begun, 0.001)
        text = f"{self.users:,} of {self.total:,} users, {rate:,.0f} a second, {failed:,} failed"
        if sys.stderr.isatty():
            bar = "#" * int(part * 30)
            print(f"\r[{bar:<30}] {text}   ", end="\n" if part >= 1 else "", file=sys.stderr, flush=True)
        elif int(part * 10) > self.tenths:
            self.tenths = int(part * 10)
            print(text, file=sys.stderr, flush=True)


def batches(options):
    users = rows(options.file)
    for number in itertools.count():
        batch = list(itertools.islice(users, options.batch))
        if not batch:
            return
        yield number, batch


def run(options):
    total = sum(1 for _ in rows(options.file))
    state = State(options)
    already = min(len(state.done) * options.batch, total)
    progress = Progress(total, already)
    if already:
        print(f"{already:,} users are done already: {state.file}", file=sys.stderr)
    left = ((number, batch) for number, batch in batches(options) if number not in state.done)
    with concurrent.futures.ThreadPoolExecutor(options.parallel) as pool:
        running = {}
        for number, batch in itertools.chain(left, [(None, None)]):
            # Keeps no more of the file in memory than is being sent.
            while running and (number is None or len(running) >= options.parallel):
                finished, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
                for future in finished:
                    done, size = running.pop(future)
                    state.add(done, future.result())
                    progress.show(size, state.sum("failed"))
            if number is not None:
                running[pool.submit(send, batch, options)] = (number, len(batch))
    failed = state.sum("failed")
    if options.dry_run:
        print(f"{total - failed:,} users can be brought in, {failed:,} cannot. Nothing was written.")
    else:
        print(f"{state.sum('imported'):,} imported, {state.sum('kept'):,} kept, {failed:,} failed.")
    if failed:
        print(f"What is wrong with whom: {state.report}")
    return 1 if failed else 0


def main():
    options = arguments()
    try:
        return run(options)
    except Stop as why:
        print(f"\nstopped: {why}\nRun it again to go on where it stopped.", file=sys.stderr)
    except OSError as why:
        print(f"\nstopped: {why}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nstopped. Run it again to go on where it stopped.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
