"""The topic that alarms tell, encrypted with a key that CloudWatch may use, and who hears of them."""

from __future__ import annotations

from .deployment import Deployment
from .encryption import key_policy
from .names import Resources, Value, ref, sub, tags
from .sections import Alarms

TOPIC = "AlarmTopic"
TOPIC_KEY = f"{TOPIC}Key"
CLOUDWATCH = {"Service": "cloudwatch.amazonaws.com"}


def topic_arn(deployment: Deployment) -> Value:
    """The topic that alarms tell."""
    given = deployment.alarms and deployment.alarms.topic_arn
    return given or ref(TOPIC)


def topic(deployment: Deployment, asked: Alarms) -> Resources:
    """The topic with its key, its policy and its subscriptions; nothing where one is given.

    The key is its own: AWS's key of SNS cannot be used by CloudWatch, and that of the data should
    not be.
    """
    if asked.topic_arn:
        return {}
    return {
        TOPIC_KEY: {
            "Type": "AWS::KMS::Key",
            "Properties": {
                "Description": "Messages of alarms",
                "EnableKeyRotation": True,
                "KeyPolicy": key_policy([_use_of_key()]),
                **tags(deployment),
            },
        },
        TOPIC: {
            "Type": "AWS::SNS::Topic",
            "Properties": {"KmsMasterKeyId": ref(TOPIC_KEY), **tags(deployment)},
        },
        f"{TOPIC}Policy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [ref(TOPIC)],
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [_publishing()]},
            },
        },
        **_subscriptions(asked),
    }


def _use_of_key() -> dict[str, Value]:
    return {
        "Sid": "AlarmsOfTheAccount",
        "Effect": "Allow",
        "Principal": CLOUDWATCH,
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",  # in a key's policy: that key
        # It is SNS that asks KMS, and it does not always say for which account.
        "Condition": _own_account("StringEqualsIfExists"),
    }


def _publishing() -> dict[str, Value]:
    return {
        "Sid": "AlarmsOfTheAccount",
        "Effect": "Allow",
        "Principal": CLOUDWATCH,
        "Action": "sns:Publish",
        "Resource": ref(TOPIC),
        "Condition": _own_account("StringEquals"),
    }


def _own_account(test: str) -> dict[str, Value]:
    return {test: {"aws:SourceAccount": sub("${AWS::AccountId}")}}


def _subscriptions(asked: Alarms) -> Resources:
    return {
        f"{TOPIC}Subscription{number}": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {"TopicArn": ref(TOPIC), "Protocol": "email", "Endpoint": email},
        }
        for number, email in enumerate(asked.emails, 1)
    }
