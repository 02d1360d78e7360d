"""The planner: filters in, the cheapest set of key conditions out.

Pure: a plan is a function of the declarations and the filters, and sends nothing. First the
filters' shape *chooses* an access pattern, and how far its key is used (`choice`, kept by shape);
then their values *fill* it (`paths`). What the key does not say is filtered at the server, and what
the server cannot say is checked at the client. A scan is never chosen.
"""

from .choice import PLAIN, Ask
from .collections import Member, plan_collection
from .planning import Planner

__all__ = ["PLAIN", "Ask", "Member", "Planner", "plan_collection"]
