"""How Alembic reaches the warehouse: by the connection and transaction that `tasks.warehouse.migrate` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
