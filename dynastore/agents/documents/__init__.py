"""Documents in namespaces, and what one does with them: put, read, search, list namespaces."""

from .entities import Aspect, Document, Embedding, Name, Namespace, name_of, place_of
from .filters import check_filter
from .indexed import index_of
from .labels import Labels
from .listing import Listing, Path, namespaces
from .reading import documents, used
from .registry import Known
from .searching import Found, Search, search
from .values import text_of_value, value_in
from .vectors import Packed, packed, unit
from .writing import Content, written

__all__ = [
    "Aspect",
    "Content",
    "Document",
    "Embedding",
    "Found",
    "Known",
    "Labels",
    "Listing",
    "Name",
    "Namespace",
    "Packed",
    "Path",
    "Search",
    "check_filter",
    "documents",
    "index_of",
    "name_of",
    "namespaces",
    "packed",
    "place_of",
    "search",
    "text_of_value",
    "unit",
    "used",
    "value_in",
    "written",
]
