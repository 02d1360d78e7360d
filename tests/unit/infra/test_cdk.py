"""The construct for the AWS CDK: what it synthesizes is the template."""

from __future__ import annotations

import shutil

import pytest

pytest.importorskip("aws_cdk", reason="needs the extra dynastore[cdk]")
if shutil.which("node") is None:
    pytest.skip("the AWS CDK needs Node", allow_module_level=True)

from aws_cdk import App, Stack, aws_iam
from aws_cdk.assertions import Template

from dynastore.infra.cdk import DynastoreTable
from dynastore.infra.cloudformation import template

from .deployments import CASES


@pytest.mark.parametrize("case", ["private tables", "service"])
def test_the_construct_is_the_template_and_its_policies_are_for_roles(case):
    schema, deployment = CASES[case]
    stack = Stack(App(analytics_reporting=False), "Agents")
    table = DynastoreTable(stack, "State", schema, deployment)
    service = aws_iam.ServicePrincipal("lambda.amazonaws.com")
    role = aws_iam.Role(stack, "Role", assumed_by=service)
    role.add_managed_policy(table.policy("writer"))
    synthesized = Template.from_stack(stack).to_json()
    wanted = template(schema, deployment)
    others = synthesized["Resources"].keys() - wanted["Resources"].keys()
    (of_role,) = (synthesized["Resources"].pop(name) for name in others)
    assert of_role["Properties"]["ManagedPolicyArns"] == [{"Ref": "WriterPolicy"}]
    assert synthesized["Resources"] == wanted["Resources"]
    assert synthesized["Outputs"] == wanted["Outputs"]
    assert stack.resolve(table.table_arn) == {"Fn::GetAtt": ["Table", "Arn"]}
    assert stack.resolve(table.table_name) == {"Ref": "Table"}
