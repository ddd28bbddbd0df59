"""The Xero Network API v1, which Xero has switched off: its XML, and its eleven interfaces.

    document = decode_v1(path.read_bytes())     # an answer, a list or one record
    document.invoices[0].line_items

The records are those of today's API. What v1 called otherwise is data (`fields.py`), reading and writing it is
`codec.py`, the interfaces are the rows of `table.py`.
"""

from ..auth.api_key import ApiKey
from .codec import V1Document, decode_v1, encode_response, encode_v1
from .table import Network, operations

__all__ = ["ApiKey", "Network", "V1Document", "decode_v1", "encode_response", "encode_v1", "operations"]
