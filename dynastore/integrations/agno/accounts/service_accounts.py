"""Service accounts: what Agno's contract asks of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from agno.db.schemas.service_accounts import (
    SERVICE_ACCOUNT_SORTABLE_COLUMNS,
    resolve_service_account_sort_column,
    validate_service_account_update,
)

from ....agents.service_accounts import ServiceAccount
from ....entities.spec import ref
from ....errors import ConditionFailed
from ....operations.reading.reads import get, read_all
from ....operations.reading.uniquely import get_unique
from ....operations.writing.writes import write
from ....planner import Ask
from ....requests import Steps
from ....writes import Create, Delete, Update
from ..calls import Calls
from ..paging import in_order, page_of
from .service_account_rows import account_of, changes_of, column, row_of


class ServiceAccountCalls(Calls):
    """Machines that may call agents."""

    def create_service_account(self, account_data: dict[str, Any]) -> Steps[dict[str, Any]]:
        """Save a new account: one request.

        Raises:
            AlreadyExists: its id is taken; NotUnique: its token is, or its name by one that is not
                revoked.
        """
        yield from write(self.schema, Create(account_of(account_data)))
        return account_data

    def get_service_account(
        self, service_account_id: str, user_id: str | None = None
    ) -> Steps[dict[str, Any] | None]:
        """An account by its id, if it is the user's or nobody's: one request."""
        key = {"account_id": service_account_id}
        found = yield from get(self.schema, ServiceAccount, key, consistent=True)
        return row_of(found) if found is not None and _is_owned(found.user_id, user_id) else None

    def get_service_account_by_token_hash(self, token_hash: str) -> Steps[dict[str, Any] | None]:
        """An account by the hash of its token, as it is now: two requests."""
        where = {"token_hash": token_hash}
        found = yield from get_unique(self.schema, ServiceAccount, where, consistent=True)
        return None if found is None else row_of(found)

    def get_service_account_by_name(
        self, name: str, include_revoked: bool = False
    ) -> Steps[dict[str, Any] | None]:
        """The account that has a name: two requests.

        Args:
            name: its name.
            include_revoked: whether to give the newest of all that have or had the name; that is
                one request for each 1 MB of all accounts.
        """
        if not include_revoked:
            where = {"active_name": name}
            found = yield from get_unique(self.schema, ServiceAccount, where, consistent=True)
            return None if found is None else row_of(found)
        accounts = yield from self._accounts(name=name)
        return row_of(max(accounts, key=_made)) if accounts else None

    def get_service_accounts(
        self,
        include_revoked: bool = True,
        limit: int = 20,
        page: int = 1,
        sort_by: str = "created_at",
        sort_order: str = "desc",
        user_id: str | None = None,
    ) -> Steps[tuple[list[dict[str, Any]], int]]:
        """A page of accounts as they are now, and how many there are: a request for each 1 MB.

        Args:
            include_revoked: whether to give those that are revoked, too.
            limit: how many at most.
            page: which page of so many, from 1.
            sort_by: a column.
            sort_order: ``asc``, or else descending.
            user_id: whose, or nobody's.
        """
        asked = [
            each
            for each in (yield from self._accounts())
            if _is_owned(each.user_id, user_id) and (include_revoked or each.revoked_at is None)
        ]
        by = resolve_service_account_sort_column(sort_by)
        known = SERVICE_ACCOUNT_SORTABLE_COLUMNS
        ordered = in_order(asked, column, by, sort_order, known=known, otherwise=_made)
        return [row_of(each) for each in page_of(ordered, limit, page)], len(ordered)

    def _accounts(self, **where: Any) -> Steps[list[ServiceAccount]]:
        plan = self.schema.plan(ServiceAccount, where, (), Ask(consistent=True))
        return (yield from read_all(self.schema, plan))

    def update_service_account(
        self, service_account_id: str, return_record: bool = True, **kwargs: Any
    ) -> Steps[dict[str, Any] | None]:
        """Revoke an account, or save when its token was used: one request, three to revoke it.

        Args:
            service_account_id: its id.
            return_record: whether to give it as it is then.
            kwargs: ``revoked_at``, ``last_used_at``.

        Raises:
            ValueError: it says nothing, something else, or that the account is not revoked.
        """
        validate_service_account_update(kwargs)
        target = ref(ServiceAccount, account_id=service_account_id)
        try:
            stored = yield from write(self.schema, Update(target, **changes_of(kwargs)))
        except ConditionFailed:
            return None
        return row_of(stored) if return_record else None

    def delete_service_account(self, service_account_id: str) -> Steps[bool]:
        """Delete an account; whether there was one. Two requests."""
        target = ref(ServiceAccount, account_id=service_account_id)
        return (yield from write(self.schema, Delete(target))) is not None


def _is_owned(owner: str | None, user_id: str | None) -> bool:
    return user_id is None or owner is None or owner == user_id


def _made(account: ServiceAccount) -> tuple[dt.datetime, str]:
    return account.created_at, account.account_id
