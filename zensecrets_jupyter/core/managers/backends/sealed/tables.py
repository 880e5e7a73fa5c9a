"""The tables of the sealed store, and their SQL statements.

The statements are portable, and SQLAlchemy compiles each of them once. The current version of each secret is one row, so a read is one
look-up. Earlier versions are in another table. The column ``manager`` is the owner of the row: the ID of a secrets manager, or a text
for the scope that several managers share. ``number`` is the number of the version. ``written`` is the time of the write in
microseconds. ``generation`` is the number of the data key that encrypted the row, and ``sealed`` is the encrypted content.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from zensecrets_jupyter.core.sealing.data_key_row import data_keys_table
from zensecrets_jupyter.core.sealing.databases.interface import SealedColumn

TABLES = MetaData()
DATA_KEYS = data_keys_table(TABLES)
"""The table with the data key."""

_secrets = Table(
    "secrets",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("manager", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("schema", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("written", BigInteger, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("sealed", SealedColumn, nullable=False),
    UniqueConstraint("manager", "name"),
)
# The list of summaries reads only this index, and not the rows with the encrypted content.
Index("secrets_listed", _secrets.c.manager, _secrets.c.name, _secrets.c.schema, _secrets.c.number, _secrets.c.written)

_earlier_versions = Table(
    "earlier_versions",
    TABLES,
    Column("secret", Integer, ForeignKey("secrets.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("schema", Text, nullable=False),
    Column("written", BigInteger, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("sealed", SealedColumn, nullable=False),
)

# In an update, SQLAlchemy uses the column names for the new values, so the parameters of conditions have other names.
_of_manager = _secrets.c.manager == bindparam("of_manager")
_of_name = _secrets.c.name == bindparam("of_name")
_of_names = _secrets.c.name.in_(bindparam("of_names", expanding=True))
_of_secret = _earlier_versions.c.secret == bindparam("of_secret")

# Statements that read rows of one owner, or of one secret with the ID ``of_secret``.
CURRENT_ROW = select(
    _secrets.c.id, _secrets.c.number, _secrets.c.schema, _secrets.c.written, _secrets.c.generation, _secrets.c.sealed
).where(_of_manager, _of_name)
CURRENT_ROWS = select(_secrets.c.name, *CURRENT_ROW.selected_columns).where(_of_manager, _of_names)
EARLIER_ROWS = (
    select(
        _earlier_versions.c.secret,
        _earlier_versions.c.number,
        _earlier_versions.c.schema,
        _earlier_versions.c.written,
        _earlier_versions.c.generation,
        _earlier_versions.c.sealed,
    )
    .where(_of_secret)
    .order_by(_earlier_versions.c.number.desc())
)
ALL_NAMES = select(_secrets.c.name).where(_of_manager)
ALL_SUMMARIES = (
    select(_secrets.c.name, _secrets.c.schema, _secrets.c.number, _secrets.c.written).where(_of_manager).order_by(_secrets.c.name)
)
SECRET_COUNT = select(func.count()).select_from(_secrets).where(_of_manager)
# Statements that read rows of all owners in the database.
ANY_SECRET_ID = select(_secrets.c.id).limit(1)
EVERY_CURRENT_ROW = select(_secrets.c.manager, _secrets.c.name, *CURRENT_ROW.selected_columns)
EVERY_EARLIER_ROW = select(*EARLIER_ROWS.selected_columns)

# Statements that change rows. ``of_secret`` is the ID of a secret.
UPDATE_SECRET = update(_secrets).where(_secrets.c.id == bindparam("of_secret"))
UPDATE_EARLIER = update(_earlier_versions).where(_of_secret, _earlier_versions.c.number == bindparam("of_number"))
DELETE_SECRET = delete(_secrets).where(_of_manager, _of_name)
DELETE_ALL_SECRETS = delete(_secrets).where(_of_manager)
DELETE_OLD_VERSIONS = delete(_earlier_versions).where(_of_secret, _earlier_versions.c.number <= bindparam("up_to"))
INSERT_SECRET = insert(_secrets)
INSERT_EARLIER = insert(_earlier_versions)
