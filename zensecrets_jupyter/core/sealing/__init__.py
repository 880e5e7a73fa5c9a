"""What is kept sealed: the cipher, the ways to keep a key, the data key of a database, and a private SQLite file.

Nothing is imported here: a process that only lists flavors needs neither the cipher nor SQLAlchemy.
"""
