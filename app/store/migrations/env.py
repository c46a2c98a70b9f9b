"""Run by Alembic around the versions: on the connection, and in the transaction, that
`app.store.database.schema` opened."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
