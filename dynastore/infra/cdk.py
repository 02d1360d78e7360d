"""A construct for the AWS CDK: the resources of the template, beside what else an app has.

Needs ``aws-cdk-lib``, which the extra ``cdk`` brings, and Node. Nothing else in the package imports this.
"""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnDeletionPolicy, CfnOutput, CfnResource, Token, aws_iam
from constructs import Construct

from ..schema.schema import Schema
from .cloudformation import template
from .deployment import Deployment, Role
from .names import attribute, placed, ref

POLICIES = {"Retain": CfnDeletionPolicy.RETAIN, "Delete": CfnDeletionPolicy.DELETE}


class DynastoreTable(Construct):
    """Tables of a schema and what a deployment asks for around them.

    Logical ids are those of the template, so that a stack that was deployed from it goes on as it is; a
    stack has one such construct.

        table = DynastoreTable(stack, "AgentState", schema, Deployment())
        function.role.add_managed_policy(table.policy("writer"))

    Attributes:
        resources: logical id -> resource.
        table_name: name of the schema's table, as a token.
        table_arn: its ARN, as a token.
    """

    def __init__(
        self, scope: Construct, construct_id: str, schema: Schema, deployment: Deployment
    ) -> None:
        super().__init__(scope, construct_id)
        made = template(schema, deployment)
        self.resources: dict[str, CfnResource] = {
            name: self._resource(name, each) for name, each in made["Resources"].items()
        }
        for name, each in made["Resources"].items():
            for before in each.get("DependsOn", ()):
                self.resources[name].add_resource_dependency(self.resources[before])
        for name, each in made["Outputs"].items():
            self._output(name, each)
        own = placed(schema, deployment)[0].id
        self.table_name: str = Token.as_string(ref(own))
        self.table_arn: str = Token.as_string(attribute(own))

    def policy(self, role: Role) -> aws_iam.IManagedPolicy:
        """The managed policy of a role: reader, writer or admin, if the deployment has it."""
        made = self.resources[f"{role.capitalize()}Policy"]
        return aws_iam.ManagedPolicy.from_managed_policy_arn(self, role, made.ref)

    def _resource(self, name: str, told: dict[str, Any]) -> CfnResource:
        made = CfnResource(self, name, type=told["Type"], properties=told["Properties"])
        made.override_logical_id(name)
        if "DeletionPolicy" in told:
            made.cfn_options.deletion_policy = POLICIES[told["DeletionPolicy"]]
            made.cfn_options.update_replace_policy = POLICIES[told["UpdateReplacePolicy"]]
        return made

    def _output(self, name: str, told: dict[str, Any]) -> None:
        # An output may be called as a resource is, and a construct may not.
        made = CfnOutput(
            self,
            f"{name}Output",
            value=Token.as_string(told["Value"]),
            description=told["Description"],
        )
        made.override_logical_id(name)
