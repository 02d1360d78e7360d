"""What becomes of the reasons that DynamoDB gives for a canceled transaction."""

from __future__ import annotations

import pytest

from dynastore.clients.boto import BotoClient
from dynastore.clients.retries import RetryPolicy
from dynastore.errors import ConditionFailed, RequestError, Throttled, TransactionCanceled
from dynastore.requests import ConditionCheck, Key, PutItem, TransactGetItems, TransactWriteItems
from dynastore.terms import Present

from .faulty import FaultyServer, error, ok

ONE, TWO = Key("P", "1"), Key("P", "2")
TRANSACTION = TransactWriteItems(
    [PutItem("agents", ONE.attributes), ConditionCheck("agents", TWO, (("PK", Present()),))]
)


def canceled(*codes, **more):
    reasons = [{"Code": code, **more} for code in codes]
    return error("TransactionCanceledException", CancellationReasons=reasons)


def sent_to(*answers, request=TRANSACTION):
    """What a client makes of some answers, and what it had sent."""
    with FaultyServer(*answers) as server:
        client = BotoClient.connect(region_name="eu-west-1", endpoint_url=server.url)
        client._policy = RetryPolicy(base_seconds=0.0)
        try:
            return client.send(request), server.asked
        finally:
            client.close()


def test_each_action_has_its_reason():
    with pytest.raises(TransactionCanceled) as caught:
        sent_to(canceled("None", "ConditionalCheckFailed", Item={"PK": {"S": "P"}}))
    none, failed = caught.value.reasons
    assert none is None
    assert isinstance(failed, ConditionFailed)
    assert (failed.key, failed.stored) == (TWO, {"PK": {"S": "P"}})
    assert str(caught.value).startswith("nothing was written: 1 of 2 writes could not be done")


def test_other_transactions_in_the_way_are_waited_for_with_the_same_token():
    _, asked = sent_to(
        canceled("TransactionConflict", "None"), canceled("ThrottlingError", "None"), ok()
    )
    assert [operation for operation, _, _ in asked] == ["TransactWriteItems"] * 3
    assert len({body["ClientRequestToken"] for _, _, body in asked}) == 1


def test_a_transaction_is_repeated_after_a_failure_that_leaves_it_open():
    _, asked = sent_to(error("InternalServerError", 500), ok())
    assert len({body["ClientRequestToken"] for _, _, body in asked}) == 1


def test_a_conflict_beside_a_failed_condition_is_no_throttling():
    with pytest.raises(TransactionCanceled) as caught:
        sent_to(canceled("TransactionConflict", "ConditionalCheckFailed"))
    assert [type(each) for each in caught.value.reasons] == [Throttled, ConditionFailed]


def test_what_the_stored_item_does_not_allow_is_a_request_error():
    with pytest.raises(TransactionCanceled) as caught:
        sent_to(canceled("ValidationError", "None", Message="An operand is of the wrong type"))
    assert isinstance(caught.value.reasons[0], RequestError)


def test_reads_that_meet_a_transaction_are_repeated():
    found = ok(Responses=[{"Item": {"x": {"S": "y"}}}, {}])
    request = TransactGetItems("agents", (ONE, TWO))
    items, asked = sent_to(canceled("TransactionConflict", "None"), found, request=request)
    assert items == [{"x": {"S": "y"}}, None]
    assert len(asked) == 2
