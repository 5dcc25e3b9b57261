"""The processor of this machine."""

import platform
from pathlib import Path


def processor() -> str:
    """Return the name of the processor, and its bf16 instructions."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.split(":")[1].strip() for line in info.splitlines() if "model name" in line]
    extras = [extra for extra in ("avx512_bf16", "amx_bf16") if extra in info]
    return " ".join([*(names[:1] or [platform.machine()]), *(f"({e})" for e in extras)])
