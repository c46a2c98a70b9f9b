"""Who may do what on the admin side."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What a curator may do. Each may also do what those before it may."""

    VIEWER = "viewer"  # read
    EDITOR = "editor"  # write entries, as drafts and for review
    APPROVER = "approver"  # approve and retire them, and change what is live
    ADMIN = "admin"  # curators, keys and settings

    def covers(self, other: Role) -> bool:
        """Whether this role may do what `other` may."""
        return _ORDER.index(self) >= _ORDER.index(other)


_ORDER = tuple(Role)


@dataclass(frozen=True, slots=True)
class Curator:
    """Who acts: his name and what he may do, `via` what he came in with ("token", "key ID", "session")."""

    name: str
    role: Role
    via: str = field(default="", compare=False)


OWNER = Curator("admin", Role.ADMIN, "token")
"""Whoever bears CANDOR_ADMIN_TOKEN."""
OPERATOR = Curator("command-line", Role.ADMIN, "command line")
"""Whoever uses the `candor` command: he holds the database itself."""
RESERVED = frozenset({OWNER.name, OPERATOR.name})


class CuratorRejected(ValueError):
    """A curator or key that cannot be so. The message is for administrators."""


class CuratorNotFound(LookupError):
    """There is no such curator, or key. The message is for administrators."""
