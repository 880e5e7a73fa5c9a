"""The tables of the sealed store, and their SQL statements.

The statements are portable, and SQLAlchemy compiles each of them once. The current version of each secret is one row, so a read is one
look-up. Earlier versions are in another table.
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
# A list reads only this index, and not the rows with the encrypted content.
Index("secrets_listed", _secrets.c.manager, _secrets.c.name, _secrets.c.schema, _secrets.c.number, _secrets.c.written)

_earlier = Table(
    "earlier_versions",
    TABLES,
    Column("secret", Integer, ForeignKey("secrets.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("schema", Text, nullable=False),
    Column("written", BigInteger, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("sealed", SealedColumn, nullable=False),
)

_of_manager = _secrets.c.manager == bindparam("of_manager")
_of_name = _secrets.c.name == bindparam("of_name")
_of_names = _secrets.c.name.in_(bindparam("of_names", expanding=True))
_of_secret = _earlier.c.secret == bindparam("of_secret")

CURRENT_ROW = select(
    _secrets.c.id, _secrets.c.number, _secrets.c.schema, _secrets.c.written, _secrets.c.generation, _secrets.c.sealed
).where(_of_manager, _of_name)
CURRENT_ROWS = select(_secrets.c.name, *CURRENT_ROW.selected_columns).where(_of_manager, _of_names)
EARLIER_ROWS = (
    select(_earlier.c.secret, _earlier.c.number, _earlier.c.schema, _earlier.c.written, _earlier.c.generation, _earlier.c.sealed)
    .where(_of_secret)
    .order_by(_earlier.c.number.desc())
)
ALL_NAMES = select(_secrets.c.name).where(_of_manager)
ALL_SUMMARIES = (
    select(_secrets.c.name, _secrets.c.schema, _secrets.c.number, _secrets.c.written).where(_of_manager).order_by(_secrets.c.name)
)
COUNT = select(func.count()).select_from(_secrets).where(_of_manager)
ANY = select(_secrets.c.id).limit(1)
EVERYTHING = select(_secrets.c.manager, _secrets.c.name, *CURRENT_ROW.selected_columns)
EVERYTHING_EARLIER = select(*EARLIER_ROWS.selected_columns)
REWRITE = update(_secrets).where(_secrets.c.id == bindparam("of_secret"))
REWRITE_EARLIER = update(_earlier).where(_of_secret, _earlier.c.number == bindparam("of_number"))
DROP = delete(_secrets).where(_of_manager, _of_name)
DROP_ALL = delete(_secrets).where(_of_manager)
PRUNE = delete(_earlier).where(_of_secret, _earlier.c.number <= bindparam("up_to"))
ADD = insert(_secrets)
ADD_EARLIER = insert(_earlier)
