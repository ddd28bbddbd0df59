"""Where tokens are kept between runs, and how processes that share them keep out of each other's way."""

from .base import Locking, LockLost, TokenStore
from .file import FileStore
from .keyring import KeyringStore
from .memory import MemoryStore
from .redis import RedisStore

__all__ = ["FileStore", "KeyringStore", "LockLost", "Locking", "MemoryStore", "RedisStore", "TokenStore"]
