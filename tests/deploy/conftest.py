"""Tools of the virtual environment come before others of the same name; SAM phones nobody."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
os.environ["SAM_CLI_TELEMETRY"] = "0"
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
