"""Checkov finds nothing except what checkov.yaml skips with a reason, and it does find faults."""

import subprocess

from samcli.yamlhelper import yaml_dump

from template import FILE, ROOT, load


def checkov(file):
    command = [ROOT / "target/deploy/checkov/bin/checkov", "--file", file]
    command += ["--config-file", ROOT / "tests/deploy/checkov.yaml"]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_nothing_is_found():
    done = checkov(FILE)
    assert done.returncode == 0, done.stdout


def test_a_key_that_never_rotates_is_found(tmp_path):
    template = load()
    template["Resources"]["Key"]["Properties"]["EnableKeyRotation"] = False
    file = tmp_path / "template.yaml"
    file.write_text(yaml_dump(template))
    done = checkov(file)
    assert done.returncode == 1 and "CKV_AWS_7:" in done.stdout
