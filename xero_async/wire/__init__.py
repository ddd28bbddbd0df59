"""Sans-I/O: rows, requests, answers, errors, and the codec. Nothing here opens a socket, sleeps or reads a clock."""

from .answers import Page, Results
from .codec import Repair, decode, encode
from .operation import Answer, Operation, Request

__all__ = ["Answer", "Operation", "Page", "Repair", "Request", "Results", "decode", "encode"]
