"""`candor users` and `candor keys`."""

from __future__ import annotations

from datetime import timedelta

import typer

from app.cli.failures import Failed
from app.compose.services import prepared_database
from app.settings import read_settings
from app.store.curators import CuratorNotFound, CuratorRejected, Role
from app.store.curators.accounts import CuratorStore
from app.store.curators.keys import KeyStore
from app.store.database.db import now


def add(name: str, role: str, password: str | None) -> None:
    """Raises `Failed` for a name that is taken or no name, and for a short password."""
    try:
        _curators().add(name, Role(role), password)
    except CuratorRejected as error:
        raise Failed(f"{error}.") from None
    typer.echo(f"{name} is {role}." + ("" if password else " Without a password: make a key, or set one."))


def list_curators() -> None:
    for row in _curators().list():
        typer.echo(f"{row.name}  {row.role}  since {row.created_at:%Y-%m-%d}")


def set_role(name: str, role: str) -> None:
    """Raises `Failed`."""
    try:
        _curators().set_role(name, Role(role))
    except CuratorNotFound as error:
        raise Failed(str(error)) from None
    typer.echo(f"{name} is {role}.")


def set_password(name: str, password: str) -> None:
    """Raises `Failed`."""
    try:
        _curators().set_password(name, password)
    except (CuratorNotFound, CuratorRejected) as error:
        raise Failed(str(error)) from None
    typer.echo(f"{name} has a new password.")


def remove(name: str) -> None:
    """Raises `Failed`."""
    try:
        _curators().remove(name)
    except CuratorNotFound as error:
        raise Failed(str(error)) from None
    typer.echo(f"{name} is gone, with all keys. What {name} did stays in history and log.")


def create_key(name: str, role: str, curator: str | None, days: int | None) -> None:
    """Prints the key itself on standard output, and nothing else. Raises `Failed`."""
    expires_at = now() + timedelta(days=days) if days else None
    try:
        row, secret = _keys().create(name, Role(role), curator, expires_at)
    except (CuratorNotFound, CuratorRejected) as error:
        raise Failed(str(error)) from None
    typer.echo(f"Key {row.id}, {role}. It is shown this once:", err=True)
    typer.echo(secret)


def list_keys() -> None:
    for row in _keys().list():
        owner = f" of {row.curator}" if row.curator else ""
        until = f", until {row.expires_at:%Y-%m-%d}" if row.expires_at else ""
        used = f", last used {row.used_at:%Y-%m-%d %H:%M} UTC" if row.used_at else ", never used"
        typer.echo(f"{row.id}  {row.name}{owner}  {row.role}{until}{used}")


def revoke_key(key_id: str) -> None:
    """Raises `Failed`."""
    try:
        _keys().revoke(key_id)
    except CuratorNotFound as error:
        raise Failed(str(error)) from None
    typer.echo(f"Key {key_id} is revoked.")


def _curators() -> CuratorStore:
    return CuratorStore(prepared_database(read_settings()))


def _keys() -> KeyStore:
    return KeyStore(prepared_database(read_settings()))
