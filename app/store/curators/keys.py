"""Keys to the admin side: random secrets with a role, kept as their digests, shown once."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Engine, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, delete, or_, select

from app.store.audit import note
from app.store.curators import OPERATOR, OWNER, Curator, CuratorNotFound, CuratorRejected, Role
from app.store.curators.accounts import check_name
from app.store.curators.last_admin import check_admin_left
from app.store.curators.passwords import digest_of
from app.store.curators.rows import SESSION, CuratorRow, KeyRow, exclusive
from app.store.database.db import now

PREFIX = "ck_"
"""How every key begins, so that it is known for one wherever it lies about."""
_SECRET_BYTES, _ID_BYTES = 32, 6
_SEEN_EVERY = timedelta(minutes=1)  # a write for each request would be one too many
_log = logging.getLogger("candor.curators")


class KeyStore:
    """The keys of one database. Synchronous; safe to use from many threads. `keep_admin`: the last one that
    opens the whole admin side, where no password does, cannot be revoked. `token`: CANDOR_ADMIN_TOKEN, whose
    sign-ins end with it."""

    def __init__(self, engine: Engine, *, keep_admin: bool = False, token: str | None = None) -> None:
        self._engine = engine
        self._keep_admin = keep_admin
        self._token = token

    def any(self) -> bool:
        """Whether anybody can come in without CANDOR_ADMIN_TOKEN."""
        opening = select(KeyRow.id).where(
            col(KeyRow.name) != SESSION,  # a curator's sign-in comes with the curator
            or_(col(KeyRow.expires_at).is_(None), col(KeyRow.expires_at) > now()),
        )
        with Session(self._engine) as session:
            found = (session.exec(of.limit(1)).first() for of in (select(CuratorRow.name), opening))
            return any(each is not None for each in found)

    def list(self) -> tuple[KeyRow, ...]:
        """Those that were given out, sign-ins apart, by age."""
        given = select(KeyRow).where(col(KeyRow.name) != SESSION).order_by(col(KeyRow.created_at))
        with Session(self._engine) as session:
            return tuple(session.exec(given))

    def create(
        self,
        name: str,
        role: Role,
        curator: str | None = None,
        expires_at: datetime | None = None,
        by: Curator = OPERATOR,
    ) -> tuple[KeyRow, str]:
        """A new key with its secret, which nothing can tell afterwards. Raises `CuratorRejected` for a name
        that another key or a curator has, and `CuratorNotFound`."""
        check_name(name)
        if name == SESSION:
            raise CuratorRejected(f'"{SESSION}" names what a sign-in gives')
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            exclusive(session)
            if session.exec(select(KeyRow.id).where(col(KeyRow.name) == name)).first():
                raise CuratorRejected(f'There is already a key "{name}".')
            if session.get(CuratorRow, name) is not None and name != curator:
                raise CuratorRejected(f'"{name}" is a curator: name the key otherwise')
            if curator is not None and session.get(CuratorRow, curator) is None:
                raise CuratorNotFound(f'There is no curator "{curator}".')
            row, secret = _added(session, name, role, curator, expires_at)
            note(session, by, "key.created", row.id, {"name": name, "role": role.value})
            return row, secret

    def sign_in(self, curator: Curator, expires_at: datetime) -> str:
        """The secret of a new key that stands for a sign-in. Those that have expired go."""
        with Session(self._engine) as session, session.begin():
            gone = (col(KeyRow.name) == SESSION, col(KeyRow.expires_at) <= now())
            session.exec(delete(KeyRow).where(*gone))
            note(session, curator, "session.opened", curator.name)
            named = None if curator.name == OWNER.name else curator.name
            row, secret = _added(session, SESSION, curator.role, named, expires_at)
            if named is None and self._token is not None:
                row.digest = _digest_under(self._token, secret)
            return secret

    def bearer(self, secret: str) -> Curator | None:
        """Who bears this key now; None where it is none, was revoked or has expired."""
        with Session(self._engine) as session:
            row = session.exec(select(KeyRow).where(col(KeyRow.digest).in_(self._digests(secret)))).first()
            if row is None or (row.expires_at is not None and row.expires_at <= now()):
                return None
            if row.name == SESSION and row.curator is None and row.digest == digest_of(secret):
                return None  # the token's sign-in, and not bound to it
            owner = session.get(CuratorRow, row.curator) if row.curator is not None else None
            via = SESSION if row.name == SESSION else f"key {row.id}"
            name = row.curator or (OWNER.name if row.name == SESSION else row.name)
            acting = Curator(name, _least(row, owner), via)
            key_id, seen = row.id, row.used_at
        if seen is None or now() - seen > _SEEN_EVERY:
            self._see(key_id)
        return acting

    def revoke(self, key_id: str, by: Curator = OPERATOR) -> None:
        """Raises `CuratorNotFound`, and `CuratorRejected` for the last one of an admin."""
        with Session(self._engine) as session, session.begin():
            exclusive(session)
            row = session.get(KeyRow, key_id)
            if row is None:
                raise CuratorNotFound(f'There is no key "{key_id}".')
            note(session, by, "key.revoked", key_id, {"name": row.name})
            session.delete(row)
            if self._keep_admin:
                check_admin_left(session)

    def sign_out(self, secret: str, curator: Curator) -> None:
        """Ends a sign-in. A key is none, and stays."""
        with Session(self._engine) as session, session.begin():
            note(session, curator, "session.closed", curator.name)
            its = col(KeyRow.digest).in_(self._digests(secret))
            session.exec(delete(KeyRow).where(col(KeyRow.name) == SESSION, its))

    def sign_out_everywhere(self, curator: Curator) -> None:
        """Ends all his sign-ins. Keys stay."""
        named = None if curator.name == OWNER.name else curator.name
        with Session(self._engine) as session, session.begin():
            note(session, curator, "session.closed", curator.name, {"everywhere": True})
            its = col(KeyRow.curator).is_(None) if named is None else col(KeyRow.curator) == named
            session.exec(delete(KeyRow).where(col(KeyRow.name) == SESSION, its))

    def _digests(self, secret: str) -> tuple[str, ...]:
        """As what a secret may be kept."""
        bound = () if self._token is None else (_digest_under(self._token, secret),)
        return (digest_of(secret), *bound)

    def _see(self, key_id: str) -> None:
        """Notes that a key was used just now. It may be revoked meanwhile, or the database not be writable:
        whoever bears it comes in all the same."""
        try:
            with self._engine.begin() as connection:
                connection.execute(update(KeyRow).where(col(KeyRow.id) == key_id).values(used_at=now()))
        except SQLAlchemyError as error:
            _log.warning("when key %s was used was not kept: %s", key_id, type(error).__name__)


def _digest_under(token: str, secret: str) -> str:
    """What to keep of the secret of a sign-in with the admin token: another token makes another of it."""
    return hmac.new(token.encode(), secret.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _added(
    session: Session, name: str, role: Role, curator: str | None, expires_at: datetime | None
) -> tuple[KeyRow, str]:
    secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    row = KeyRow(
        id=secrets.token_hex(_ID_BYTES),
        digest=digest_of(secret),
        name=name,
        curator=curator,
        role=role,
        expires_at=expires_at,
    )
    session.add(row)
    return row, secret


def _least(row: KeyRow, owner: CuratorRow | None) -> Role:
    """A key gives no more than its curator may by now."""
    role = Role(row.role)
    return Role(owner.role) if owner is not None and role.covers(Role(owner.role)) else role
