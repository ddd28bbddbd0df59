"""Where tokens are kept between runs, and how processes that share them keep out of each other's way."""

from .base import Locking, TokenStore
from .file import FileStore
from .memory import MemoryStore

__all__ = ["FileStore", "Locking", "MemoryStore", "TokenStore"]
