"""Curators with their roles and passwords, in SQL."""

from __future__ import annotations

import re

from sqlalchemy import Engine
from sqlmodel import Session, col, delete, select

from app.store.audit import note
from app.store.curators import OPERATOR, RESERVED, Curator, CuratorNotFound, CuratorRejected, Role
from app.store.curators.last_admin import check_admin_left
from app.store.curators.passwords import LEAST_PASSWORD, fits, hash_of
from app.store.curators.rows import SESSION, CuratorRow, KeyRow, exclusive

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}\Z")


class CuratorStore:
    """The curators of one database. Synchronous; safe to use from many threads. What changes them is in the
    audit log, in the same transaction, as done by `by`. `keep_admin`: the last one who may administer can be
    neither removed nor demoted."""

    def __init__(self, engine: Engine, *, keep_admin: bool = False) -> None:
        self._engine = engine
        self._keep_admin = keep_admin

    def list(self) -> tuple[CuratorRow, ...]:
        """All of them, by name."""
        with Session(self._engine) as session:
            return tuple(session.exec(select(CuratorRow).order_by(col(CuratorRow.name))))

    def get(self, name: str) -> CuratorRow:
        """Raises `CuratorNotFound`."""
        with Session(self._engine) as session:
            return _found(session, name)

    def add(self, name: str, role: Role, password: str | None = None, by: Curator = OPERATOR) -> CuratorRow:
        """Raises `CuratorRejected` for a name that a curator or a key has or that is none, and for a short
        password."""
        check_name(name)
        row = CuratorRow(name=name, role=role, password=_hashed(password))
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            exclusive(session)
            if session.get(CuratorRow, name) is not None:
                raise CuratorRejected(f'There is already a curator "{name}".')
            of_its_name = select(KeyRow.id).where(col(KeyRow.name) == name, col(KeyRow.name) != SESSION)
            if session.exec(of_its_name).first():
                raise CuratorRejected(f'"{name}" is a key: name the curator otherwise, or revoke the key')
            session.add(row)
            note(session, by, "user.added", name, {"role": role.value})
        return row

    def set_role(self, name: str, role: Role, by: Curator = OPERATOR) -> None:
        """Raises `CuratorNotFound`, and `CuratorRejected` for the last admin."""
        with Session(self._engine) as session, session.begin():
            exclusive(session)
            _found(session, name).role = role
            note(session, by, "user.role", name, {"role": role.value})
            self._check(session)

    def set_password(self, name: str, password: str | None, by: Curator = OPERATOR) -> None:
        """His sign-ins end. Raises `CuratorNotFound`, and `CuratorRejected` for a short one."""
        kept = _hashed(password)
        with Session(self._engine) as session, session.begin():
            _found(session, name).password = kept
            session.exec(delete(KeyRow).where(col(KeyRow.curator) == name, col(KeyRow.name) == SESSION))
            note(session, by, "user.password", name)

    def remove(self, name: str, by: Curator = OPERATOR) -> None:
        """His keys go with him; what he did stays in history and log. Raises `CuratorNotFound`, and
        `CuratorRejected` for the last admin."""
        with Session(self._engine) as session, session.begin():
            exclusive(session)
            session.delete(_found(session, name))
            note(session, by, "user.removed", name)
            self._check(session)

    def signed_in(self, name: str, password: str) -> Curator | None:
        """The curator with this name and password; None where there is none."""
        with Session(self._engine) as session:
            row = session.get(CuratorRow, name)
        if not fits(password, row.password if row else None) or row is None:
            return None
        return Curator(row.name, Role(row.role), "password")

    def _check(self, session: Session) -> None:
        if self._keep_admin:
            check_admin_left(session)


def check_name(name: str) -> None:
    """Raises `CuratorRejected` for what cannot name a curator or a key."""
    if not _NAME.match(name):
        raise CuratorRejected(
            "name must have 1 to 64 letters, digits or . _ @ + - and begin with a letter or digit"
        )
    if name in RESERVED:
        raise CuratorRejected(
            f'"{name}" is taken: it names whoever bears the admin token, or is on the machine'
        )


def _found(session: Session, name: str) -> CuratorRow:
    row = session.get(CuratorRow, name)
    if row is None:
        raise CuratorNotFound(f'There is no curator "{name}".')
    return row


def _hashed(password: str | None) -> str | None:
    if password is None:
        return None
    if len(password) < LEAST_PASSWORD:
        raise CuratorRejected(f"password must have {LEAST_PASSWORD} characters at least")
    return hash_of(password)
