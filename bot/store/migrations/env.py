"""What Alembic runs: the migrations, on the connection that bot.store.migrate hands over, in its one transaction."""

from alembic import context

from bot.store.migrate import ours
from bot.store.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    include_name=ours,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
