"""What the tasks of a service may do, and what starts them.

The tasks have the writer's policy and nothing else. What starts them fetches the image, writes the logs and
reads the secrets, each by its ARN; the container never has these permissions.
"""

from __future__ import annotations

import re
from typing import Any

from ..deployment import Deployment
from ..iam import document
from ..names import Resources, Value, ref, sub, tags
from .section import Service

TASK_ROLE, EXECUTION_ROLE, LOGS = "ServiceTaskRole", "ServiceExecutionRole", "ServiceLogs"
WRITER_POLICY = "WriterPolicy"

REPOSITORY = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com[.a-z]*/([^:@]+)")
PULLS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
SECRET_PARTS = 7  # of an ARN; what follows says which field of the secret


def service_roles(deployment: Deployment, service: Service, image: str) -> Resources:
    """The role of the tasks, and the role of what starts them."""
    return {
        TASK_ROLE: _role(
            "What the service may do",
            deployment,
            ManagedPolicyArns=[ref(WRITER_POLICY)],
        ),
        EXECUTION_ROLE: _role(
            "Starts the service: its image, its logs, its secrets",
            deployment,
            Policies=[
                {
                    "PolicyName": "Start",
                    "PolicyDocument": document([*_pulls(image), _logs(), *_secrets(service)]),
                }
            ],
        ),
    }


def _role(about: str, deployment: Deployment, **policies: Value) -> dict[str, Value]:
    trusted = {
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole",
        # Or tasks of another account could make ECS use it.
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")},
            "ArnLike": {
                "aws:SourceArn": sub("arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:*")
            },
        },
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": about,
            "AssumeRolePolicyDocument": document([trusted]),
            **policies,
            **tags(deployment),
        },
    }


def _pulls(image: str) -> list[dict[str, Any]]:
    """What it takes to fetch an image of Amazon ECR; those of other registries are public."""
    found = REPOSITORY.match(image)
    if found is None:
        return []
    account, region, name = found.groups()
    arn = sub(f"arn:${{AWS::Partition}}:ecr:{region}:{account}:repository/{name}")
    return [
        _allow("Image", PULLS, [arn]),
        # It gives a password that the statement above is asked for; IAM has no ARN for it.
        _allow("Registry", ("ecr:GetAuthorizationToken",), ["*"]),
    ]


def _logs() -> dict[str, Any]:
    arn = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
    return _allow(
        "Logs", ("logs:CreateLogStream", "logs:PutLogEvents"), [sub(f"{arn}${{{LOGS}}}:*")]
    )


def _secrets(service: Service) -> list[dict[str, Any]]:
    arns = sorted({":".join(each.split(":")[:SECRET_PARTS]) for each in service.secrets.values()})
    told = {
        "Secrets": (("secretsmanager:GetSecretValue",), ":secretsmanager:"),
        "Parameters": (("ssm:GetParameters",), ":ssm:"),
    }
    statements = [
        _allow(sid, actions, found)
        for sid, (actions, kind) in told.items()
        if (found := [arn for arn in arns if kind in arn])
    ]
    if service.secret_keys:
        statements.append(_allow("KeysOfSecrets", ("kms:Decrypt",), [*service.secret_keys]))
    return statements


def _allow(sid: str, actions: tuple[str, ...], arns: list[Value]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": [*actions], "Resource": arns}
