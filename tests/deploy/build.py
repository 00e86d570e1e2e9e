"""Builds all functions for one processor with `sam build`, into target/deploy/build-ARCHITECTURE."""

import functools
import os
import platform
import subprocess
import time

from template import ROOT

NATIVE = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
TARGETS = {"x86_64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}


@functools.cache
def build(architecture):
    if architecture != NATIVE:
        subprocess.run(["rustup", "target", "add", TARGETS[architecture]], check=True, cwd=ROOT, capture_output=True)
    directory = ROOT / f"target/deploy/build-{architecture}"
    command = ["sam", "build", "--template-file", ROOT / "template.yaml", "--build-dir", directory]
    command += ["--parameter-overrides", f"Architecture={architecture}"]
    started = time.monotonic()
    # Shows Cargo's progress, so that a build of several minutes does not seem to hang.
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"CARGO_TERM_QUIET": "false"})
    print(f"sam build for {architecture}: {time.monotonic() - started:.0f} s")
    return directory
