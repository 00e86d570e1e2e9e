"""`sam build` builds all functions for both processors, and they are small."""

import zipfile

import pytest

from build import NATIVE, build
from rights import FUNCTIONS, OPERATIONS

pytestmark = pytest.mark.slow

MACHINE = {"x86_64": 0x3E, "arm64": 0xB7}
OTHER = {"x86_64": "arm64", "arm64": "x86_64"}[NATIVE]


@pytest.mark.parametrize("architecture", [NATIVE, OTHER])
def test_sam_build(architecture, tmp_path, capsys):
    with capsys.disabled():
        directory = build(architecture)
    lines = []
    for function in FUNCTIONS | OPERATIONS:
        assert [path.name for path in (directory / function).iterdir()] == ["bootstrap"]
        binary = (directory / function / "bootstrap").read_bytes()
        assert binary[:4] == b"\x7fELF" and binary[18] == MACHINE[architecture], function
        with zipfile.ZipFile(tmp_path / function, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bootstrap", binary)
        zipped = (tmp_path / function).stat().st_size
        lines.append(f"  {function:28} {len(binary) / 1e6:5.1f} MB, zipped {zipped / 1e6:4.1f} MB")
        assert zipped < 5e6, f"{function} has grown: its cold start too"
    with capsys.disabled():
        print("\n" + "\n".join(lines))
