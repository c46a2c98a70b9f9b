"""Who of a provider's accounts comes in, and as which curator."""

from __future__ import annotations

import logging

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from app.single_sign_on import Identity, SignOnRefused
from app.single_sign_on.settings import OidcSettings
from app.store.audit import note
from app.store.curators import Curator, CuratorRejected, Role
from app.store.curators.accounts import check_name
from app.store.curators.last_admin import check_admin_left
from app.store.curators.rows import CuratorRow, exclusive

VIA = "oidc"
_log = logging.getLogger("candor.oidc")


def admit(engine: Engine, settings: OidcSettings, identity: Identity, *, keep_admin: bool) -> Curator:
    """The curator of an account: the one who came with it before, or the one of its verified address, who is
    made where the settings say so. `keep_admin` as for `CuratorStore`. Raises `SignOnRefused`."""
    granted = settings.role_of(identity.groups)
    with Session(engine) as session, session.begin():
        exclusive(session)
        _check_address(settings, identity)
        row = _known(session, identity)
        role = _role(settings, granted, row, identity)
        if row is None:
            row = _added(session, identity, role)
        elif row.subject is None:
            note(session, Curator(row.name, role, VIA), "user.linked", row.name)
        row.subject = identity.subject
        if row.role != role:
            note(session, Curator(row.name, role, VIA), "user.role", row.name, {"role": role.value})
            row.role = role
            if keep_admin:
                _check_left(session)
        return Curator(row.name, role, VIA)


def _check_address(settings: OidcSettings, identity: Identity) -> None:
    if not identity.email:
        raise SignOnRefused("The sign-in service does not tell your e-mail address, by which you are known.")
    if not identity.is_verified:
        raise SignOnRefused(f"The sign-in service has not verified your e-mail address, {identity.email}.")
    if settings.domains and not settings.takes(identity.email):
        raise SignOnRefused(f"Accounts like {identity.email} may not sign in here.")


def _known(session: Session, identity: Identity) -> CuratorRow | None:
    row = session.exec(select(CuratorRow).where(col(CuratorRow.subject) == identity.subject)).first()
    if row is not None:
        return row
    of_address = [
        each for each in session.exec(select(CuratorRow)) if each.name.lower() == identity.email
    ]  # a name may be typed with capitals
    row = of_address[0] if of_address else None
    if row is not None and row.subject is not None:
        raise SignOnRefused(
            f"{row.name} has signed in with another account before. An admin can remove that user, and then"
            " yours is taken."
        )
    return row


def _role(settings: OidcSettings, granted: Role | None, row: CuratorRow | None, identity: Identity) -> Role:
    """Groups decide where they are mapped; otherwise what an admin set, and for the unknown the default."""
    if granted is not None:
        return granted
    if row is not None and not settings.roles:
        return Role(row.role)
    if settings.role is not None:
        return settings.role
    told = "none of your groups may" if settings.roles else "no admin has added you yet"
    raise SignOnRefused(f"You are {identity.email}, but you may not come in here: {told}.")


def _added(session: Session, identity: Identity, role: Role) -> CuratorRow:
    try:
        check_name(identity.email)
    except CuratorRejected as error:
        raise SignOnRefused(f"{identity.email} cannot be a user here: the {error}.") from None
    row = CuratorRow(name=identity.email, role=role)
    session.add(row)
    session.flush()
    note(session, Curator(row.name, role, VIA), "user.added", row.name, {"role": role.value})
    return row


def _check_left(session: Session) -> None:
    try:
        check_admin_left(session)
    except CuratorRejected as error:
        raise SignOnRefused(str(error)) from None
