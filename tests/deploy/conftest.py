"""Puts the virtual environment's tools first in PATH, and turns off SAM's telemetry."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
os.environ["SAM_CLI_TELEMETRY"] = "0"
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
