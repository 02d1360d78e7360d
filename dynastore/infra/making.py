"""What each type of resource takes to be made, changed, looked at and deleted.

Actions are among those that the type's handlers name. Source: CloudFormation resource schemas, ``handlers``;
for resources that an action is on: Service Authorization Reference.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

AT = "${AWS::Region}:${AWS::AccountId}"


@frozen
class Making:
    """What it takes to make, change, look at and delete the resources of a type.

    Attributes:
        actions: on the resources themselves.
        on: their ARNs; empty for what schema and deployment name: tables, bucket, logs, a VPC, regions.
        anywhere: actions that IAM knows no resource of, or whose resource has no name before it is made.
        linked: AWS's services that get a role of theirs in the account with the first resource of the type.
    """

    actions: tuple[str, ...]
    on: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()


def at(service: str, rest: str) -> tuple[str, ...]:
    """The ARN of what is of a region."""
    return (f"arn:${{AWS::Partition}}:{service}:{AT}:{rest}",)


def anywhere_in(service: str, rest: str) -> tuple[str, ...]:
    """The ARN of what is of no region."""
    return (f"arn:${{AWS::Partition}}:{service}::${{AWS::AccountId}}:{rest}",)


def _of(service: str, *actions: str) -> tuple[str, ...]:
    return tuple(f"{service}:{each}" for each in actions)


TABLE = _of(
    "dynamodb",
    *("CreateTable", "DeleteTable", "DescribeContinuousBackups", "DescribeTable"),
    *("DescribeTimeToLive", "ListTagsOfResource", "TagResource", "UntagResource"),
    *("UpdateContinuousBackups", "UpdateTable", "UpdateTimeToLive"),
)
# A replica is filled with the caller's permissions. Source: DynamoDB Developer Guide, "Global tables: IAM".
REPLICAS = _of(
    "dynamodb",
    *("CreateTableReplica", "DeleteTableReplica", "UpdateTableReplicaAutoScaling"),
    *("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"),
)
SCALING = "application-autoscaling"
TARGET, POLICY = (
    f"AWS::ApplicationAutoScaling::{each}" for each in ("ScalableTarget", "ScalingPolicy")
)
SCALES_TABLES, SCALES_SERVICES = "dynamodb.application-autoscaling", "ecs.application-autoscaling"

ELB = "elasticloadbalancing"
GROUPS = (*at("ec2", "security-group/*"), *at("ec2", "security-group-rule/*"))

OF_TABLES: Mapping[str, Making] = {
    "AWS::DynamoDB::Table": Making(TABLE),
    "AWS::DynamoDB::GlobalTable": Making((*TABLE, *REPLICAS), linked=("replication.dynamodb",)),
    "AWS::S3::Bucket": Making(
        _of(
            "s3",
            *("CreateBucket", "DeleteBucket", "ListBucket"),
            *("GetBucketOwnershipControls", "GetBucketPublicAccessBlock", "GetBucketTagging"),
            *("GetBucketVersioning", "GetEncryptionConfiguration", "GetLifecycleConfiguration"),
            *("PutBucketOwnershipControls", "PutBucketPublicAccessBlock", "PutBucketTagging"),
            *("PutBucketVersioning", "PutEncryptionConfiguration", "PutLifecycleConfiguration"),
        )
    ),
    "AWS::S3::BucketPolicy": Making(
        _of("s3", "DeleteBucketPolicy", "GetBucketPolicy", "PutBucketPolicy")
    ),
    "AWS::KMS::Key": Making(
        _of(
            "kms",
            *("DescribeKey", "DisableKeyRotation", "EnableKeyRotation", "GetKeyPolicy"),
            *("GetKeyRotationStatus", "ListResourceTags", "PutKeyPolicy", "ScheduleKeyDeletion"),
            *("TagResource", "UntagResource", "UpdateKeyDescription"),
        ),
        at("kms", "key/*"),
        _of("kms", "CreateKey"),
    ),
    "AWS::IAM::ManagedPolicy": Making(
        _of(
            "iam",
            *("CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion"),
            *("GetPolicy", "GetPolicyVersion", "ListEntitiesForPolicy", "ListPolicyVersions"),
        ),
        anywhere_in("iam", "policy/${AWS::StackName}-*"),
    ),
    "AWS::IAM::Role": Making(
        _of(
            "iam",
            *("CreateRole", "DeleteRole", "GetRole", "ListAttachedRolePolicies"),
            *("ListRolePolicies", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole"),
        ),
        anywhere_in("iam", "role/${AWS::StackName}-*"),
    ),
    "AWS::SNS::Topic": Making(
        _of(
            "sns",
            *("CreateTopic", "DeleteTopic", "GetTopicAttributes", "ListTagsForResource"),
            *("ListSubscriptionsByTopic", "SetTopicAttributes", "TagResource", "UntagResource"),
        ),
        at("sns", "${AWS::StackName}-*"),
    ),
    "AWS::SNS::TopicPolicy": Making(
        _of("sns", "SetTopicAttributes"), at("sns", "${AWS::StackName}-*")
    ),
    "AWS::SNS::Subscription": Making(
        _of("sns", "GetSubscriptionAttributes", "Subscribe", "Unsubscribe"),
        at("sns", "${AWS::StackName}-*"),
    ),
    "AWS::CloudWatch::Alarm": Making(
        _of(
            "cloudwatch",
            *("DeleteAlarms", "ListTagsForResource", "PutMetricAlarm"),
            *("TagResource", "UntagResource"),
        ),
        at("cloudwatch", "alarm:${AWS::StackName}-*"),
        _of("cloudwatch", "DescribeAlarms"),
    ),
    "AWS::CloudWatch::Dashboard": Making(
        _of("cloudwatch", "DeleteDashboards", "GetDashboard", "PutDashboard"),
        anywhere_in("cloudwatch", "dashboard/${AWS::StackName}"),
    ),
    "AWS::Backup::BackupVault": Making(
        _of(
            "backup",
            *("CreateBackupVault", "DeleteBackupVault", "DescribeBackupVault"),
            *("ListTags", "TagResource", "UntagResource"),
        ),
        at("backup", "backup-vault:${AWS::StackName}-backups"),
        _of("backup-storage", "MountCapsule"),
    ),
    "AWS::Backup::BackupPlan": Making(
        _of(
            "backup",
            *("CreateBackupPlan", "DeleteBackupPlan", "GetBackupPlan", "UpdateBackupPlan"),
        ),
        at("backup", "backup-plan:*"),
    ),
    "AWS::Backup::BackupSelection": Making(
        _of(
            "backup",
            *("CreateBackupSelection", "DeleteBackupSelection", "GetBackupSelection"),
            "ListBackupSelections",
        ),
        at("backup", "backup-plan:*"),
        linked=("backup",),
    ),
    TARGET: Making(
        _of(SCALING, "DeregisterScalableTarget", "RegisterScalableTarget"),
        anywhere=(*_of(SCALING, "DescribeScalableTargets"), "cloudwatch:DescribeAlarms"),
        linked=(SCALES_TABLES, SCALES_SERVICES),
    ),
    POLICY: Making(
        _of(SCALING, "DeleteScalingPolicy", "PutScalingPolicy"),
        anywhere=_of(SCALING, "DescribeScalingPolicies"),
    ),
    "AWS::EC2::VPCEndpoint": Making(
        (),
        anywhere=_of(
            "ec2",
            *("CreateVpcEndpoint", "DeleteVpcEndpoints", "DescribeVpcEndpoints"),
            *("DescribeVpcs", "ModifyVpcEndpoint"),
        ),
    ),
}

# CloudFormation makes up names of load balancers: a few letters of the stack's, and others. Ids of groups
# are EC2's.
OF_SERVICES: Mapping[str, Making] = {
    "AWS::EC2::SecurityGroup": Making(
        _of(
            "ec2",
            *(
                "AuthorizeSecurityGroupEgress",
                "AuthorizeSecurityGroupIngress",
                "CreateSecurityGroup",
            ),
            *("CreateTags", "DeleteSecurityGroup", "DeleteTags", "RevokeSecurityGroupEgress"),
            *("RevokeSecurityGroupIngress", "UpdateSecurityGroupRuleDescriptionsEgress"),
            "UpdateSecurityGroupRuleDescriptionsIngress",
        ),
        anywhere=_of("ec2", "DescribeInstances", "DescribeSecurityGroups"),
    ),
    # Its other actions are those of the groups.
    "AWS::EC2::SecurityGroupIngress": Making(
        (), anywhere=_of("ec2", "DescribeSecurityGroupRules", "DescribeSecurityGroups")
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Making(
        _of(
            ELB,
            *(
                "AddTags",
                "CreateLoadBalancer",
                "DeleteLoadBalancer",
                "ModifyLoadBalancerAttributes",
            ),
            *("RemoveTags", "SetSecurityGroups", "SetSubnets"),
        ),
        at(ELB, "loadbalancer/app/*"),
        _of(
            ELB,
            *("DescribeCapacityReservation", "DescribeLoadBalancerAttributes"),
            *("DescribeLoadBalancers", "DescribeTags"),
        ),
        (ELB,),
    ),
    "AWS::ElasticLoadBalancingV2::Listener": Making(
        _of(
            ELB,
            *("AddTags", "CreateListener", "DeleteListener", "ModifyListener"),
            *("ModifyListenerAttributes", "RemoveTags"),
        ),
        (*at(ELB, "loadbalancer/app/*"), *at(ELB, "listener/app/*")),
        _of(ELB, "DescribeListenerAttributes", "DescribeListeners", "DescribeTags"),
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": Making(
        _of(
            ELB,
            *("AddTags", "CreateTargetGroup", "DeleteTargetGroup", "ModifyTargetGroup"),
            *("ModifyTargetGroupAttributes", "RemoveTags"),
        ),
        at(ELB, "targetgroup/*"),
        (
            *_of(ELB, "DescribeTags", "DescribeTargetGroupAttributes", "DescribeTargetGroups"),
            *_of(ELB, "DescribeTargetHealth"),
            "ec2:DescribeVpcs",
        ),
    ),
    "AWS::ECS::Cluster": Making(
        _of(
            "ecs",
            *("CreateCluster", "DeleteCluster", "DescribeClusters", "ListTagsForResource"),
            *("TagResource", "UntagResource", "UpdateCluster"),
        ),
        at("ecs", "cluster/${AWS::StackName}"),
        linked=("ecs",),
    ),
    "AWS::ECS::Service": Making(
        _of(
            "ecs",
            *("CreateService", "DeleteService", "DescribeServiceDeployments", "DescribeServices"),
            *("ListServiceDeployments", "ListTagsForResource", "StopServiceDeployment"),
            *("TagResource", "UntagResource", "UpdateService"),
        ),
        (
            *at("ecs", "service/${AWS::StackName}/*"),
            *at("ecs", "service-deployment/${AWS::StackName}/*"),
        ),
    ),
    "AWS::ECS::TaskDefinition": Making(
        _of(
            "ecs",
            *("ListTagsForResource", "RegisterTaskDefinition", "TagResource", "UntagResource"),
        ),
        at("ecs", "task-definition/${AWS::StackName}:*"),
        _of("ecs", "DeregisterTaskDefinition", "DescribeTaskDefinition"),
    ),
    "AWS::Logs::LogGroup": Making(
        _of(
            "logs",
            *("AssociateKmsKey", "CreateLogGroup", "DeleteLogGroup", "DescribeIndexPolicies"),
            *("DisassociateKmsKey", "GetDataProtectionPolicy", "ListTagsForResource"),
            *("PutRetentionPolicy", "TagResource", "UntagResource"),
        ),
        anywhere=_of("logs", "DescribeLogGroups", "DescribeResourcePolicies"),
    ),
}

# Type of resource -> what it takes.
MAKING: Mapping[str, Making] = {**OF_TABLES, **OF_SERVICES}
