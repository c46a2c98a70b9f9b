"""What this machine's processor offers to a numeric library."""

from __future__ import annotations

import os
import platform
from enum import StrEnum
from pathlib import Path


class Int8(StrEnum):
    """How the processor multiplies 8-bit numbers, which decides how a model is quantised for it."""

    DOT = "dot"  # sums products in 32 bits: the full range of 8 bits is safe
    NARROW = "narrow"  # x86 without VNNI adds pairs of products in 16 bits, where full-range weights overflow


def int8_arithmetic(cpuinfo: Path = Path("/proc/cpuinfo")) -> Int8:
    """`NARROW` for an x86 processor that does not report VNNI (or AMX), `DOT` otherwise."""
    if platform.machine().lower() not in {"x86_64", "amd64", "i686"}:
        return Int8.DOT
    try:
        flags = cpuinfo.read_text(encoding="ascii", errors="ignore")
    except OSError:
        return Int8.NARROW
    return Int8.DOT if any(flag in flags for flag in ("avx512_vnni", "avx_vnni", "amx_int8")) else Int8.NARROW


def multiplies_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor multiplies bfloat16 numbers itself: elsewhere they only cost time."""
    try:
        flags = cpuinfo.read_text(encoding="ascii", errors="ignore")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def available_cores(system: Path = Path("/sys")) -> int:
    """Physical cores this process may use, at least 1: by affinity, hyper-threads counted once, and by the
    container's quota."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    cores = {_siblings(system, cpu) for cpu in allowed}
    return max(1, min(len(cores), _quota(system / "fs/cgroup")))


def _siblings(system: Path, cpu: int) -> str:
    try:
        return (system / f"devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text().strip()
    except OSError:
        return str(cpu)


def _quota(cgroup: Path) -> int:
    """Whole processors granted by cgroup v2 or v1; a very large number where there is no limit."""
    unlimited = 1 << 16
    try:
        if (cgroup / "cpu.max").exists():
            quota, period = (cgroup / "cpu.max").read_text().split()
        else:
            quota = (cgroup / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu/cpu.cfs_period_us").read_text().strip()
        return max(1, int(quota) // int(period)) if int(quota) > 0 else unlimited
    except (OSError, ValueError):  # no cgroup here, or "max"
        return unlimited
