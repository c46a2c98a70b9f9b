"""The version of Candor, which the build reads here too, and the name that pip knows it by."""

from __future__ import annotations

DISTRIBUTION = "candor-chat"
VERSION = "0.2.0"
