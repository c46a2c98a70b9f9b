"""Somebody has to be left who may administer, where no token lets anybody in."""

from __future__ import annotations

from sqlmodel import Session, col, or_, select

from app.store.curators import CuratorRejected, Role
from app.store.curators.rows import SESSION, CuratorRow, KeyRow
from app.store.database.db import now


def check_admin_left(session: Session) -> None:
    """To be called after a change, within its transaction, which is `exclusive`. Raises `CuratorRejected`
    where no admin with a password or an account elsewhere is left, and no key of one."""
    session.flush()
    signing_in = select(CuratorRow.name).where(
        col(CuratorRow.role) == Role.ADMIN,
        or_(col(CuratorRow.password).is_not(None), col(CuratorRow.subject).is_not(None)),
    )
    bearing = (
        select(KeyRow.id)
        .outerjoin(CuratorRow, col(CuratorRow.name) == col(KeyRow.curator))
        .where(
            col(KeyRow.role) == Role.ADMIN,
            col(KeyRow.name) != SESSION,
            or_(col(KeyRow.expires_at).is_(None), col(KeyRow.expires_at) > now()),
            or_(col(KeyRow.curator).is_(None), col(CuratorRow.role) == Role.ADMIN),
        )
    )
    if all(session.exec(of.limit(1)).first() is None for of in (signing_in, bearing)):
        raise CuratorRejected(
            "Nobody would be left who may administer: make another admin first, or set CANDOR_ADMIN_TOKEN."
        )
