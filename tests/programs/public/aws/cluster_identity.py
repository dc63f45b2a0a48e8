"""A Kubernetes cluster with identities of its own, machines by image look-up, shared
files, registry, backup."""

import json

import pulumi
import pulumi_aws as aws

generation = pulumi.Config().get("generation") or "1"
ami = aws.ec2.get_ami(
    most_recent=True,
    owners=["amazon"],
    filters=[{"name": "name", "values": ["al2023-ami-*-x86_64"]}],
)
par = aws.ssm.get_parameter(
    name="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
)
vpc = aws.ec2.Vpc("aci-v", cidr_block="10.0.0.0/16", enable_dns_hostnames=True)
subs = [
    aws.ec2.Subnet(
        f"aci-s{i}",
        vpc_id=vpc.id,
        cidr_block=f"10.0.{i}.0/24",
        availability_zone=f"us-east-1{'ab'[i]}",
    )
    for i in range(2)
]
sg = aws.ec2.SecurityGroup(
    "aci-sg",
    vpc_id=vpc.id,
    egress=[
        aws.ec2.SecurityGroupEgressArgs(
            protocol="-1", from_port=0, to_port=0, cidr_blocks=["0.0.0.0/0"]
        )
    ],
)
kp = aws.ec2.KeyPair(
    "aci-k", public_key="ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 me@example"
)
inst = aws.ec2.Instance(
    "aci-bastion",
    ami=ami.id,
    instance_type=aws.ec2.InstanceType.T3_MICRO,
    subnet_id=subs[0].id,
    vpc_security_group_ids=[sg.id],
    key_name=kp.key_name,
    associate_public_ip_address=True,
    user_data="#!/bin/bash\necho hi",
    root_block_device={"volume_size": 20, "volume_type": "gp3", "encrypted": True},
    metadata_options={"http_tokens": "required", "http_endpoint": "enabled"},
    tags={"Name": "bastion", "generation": generation},
)
lt = aws.ec2.LaunchTemplate(
    "aci-lt",
    name_prefix="web-",
    image_id=ami.id,
    instance_type="t3.micro",
    vpc_security_group_ids=[sg.id],
    tag_specifications=[{"resource_type": "instance", "tags": {"Name": "web"}}],
    block_device_mappings=[
        {
            "device_name": "/dev/xvda",
            "ebs": {
                "volume_size": 30,
                "volume_type": "gp3",
                "delete_on_termination": "true",
            },
        }
    ],
)
asg = aws.autoscaling.Group(
    "aci-web",
    min_size=1,
    max_size=3,
    desired_capacity=1,
    vpc_zone_identifiers=[s.id for s in subs],
    launch_template={"id": lt.id, "version": "$Latest"},
    health_check_type="EC2",
    tags=[{"key": "Name", "value": "web", "propagate_at_launch": True}],
)
aws.autoscaling.Policy(
    "aci-cpu",
    autoscaling_group_name=asg.name,
    policy_type="TargetTrackingScaling",
    target_tracking_configuration={
        "predefined_metric_specification": {
            "predefined_metric_type": "ASGAverageCPUUtilization"
        },
        "target_value": 50.0,
    },
)
role = aws.iam.Role(
    "aci-eks",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "eks.amazonaws.com"},
                    "Action": ["sts:AssumeRole", "sts:TagSession"],
                }
            ],
        }
    ),
)
eks = aws.eks.Cluster(
    "aci-k8s",
    role_arn=role.arn,
    version="1.33",
    access_config={"authentication_mode": "API"},
    vpc_config={
        "subnet_ids": [s.id for s in subs],
        "endpoint_private_access": True,
        "public_access_cidrs": ["0.0.0.0/0"],
    },
    enabled_cluster_log_types=["api", "audit"],
    encryption_config={
        "provider": {"key_arn": aws.kms.Key("aci-eks").arn},
        "resources": ["secrets"],
    },
)
issuer = eks.identities.apply(lambda i: i[0].oidcs[0].issuer)
prov = aws.iam.OpenIdConnectProvider(
    "aci-eks", client_id_lists=["sts.amazonaws.com"], url=issuer
)
ng = aws.eks.NodeGroup(
    "aci-ng",
    cluster_name=eks.name,
    node_role_arn=role.arn,
    subnet_ids=[s.id for s in subs],
    scaling_config={"desired_size": 2, "max_size": 3, "min_size": 1},
    instance_types=["t3.large"],
    capacity_type="SPOT",
    labels={"generation": generation},
    taints=[{"key": "spot", "value": "true", "effect": "NO_SCHEDULE"}],
)
addon = aws.eks.Addon(
    "aci-cni",
    cluster_name=eks.name,
    addon_name="vpc-cni",
    resolve_conflicts_on_create="OVERWRITE",
)
aws.eks.AccessEntry(
    "aci-me", cluster_name=eks.name, principal_arn=role.arn, type="STANDARD"
)
kubeconfig = pulumi.Output.all(eks.endpoint, eks.certificate_authority, eks.name).apply(
    lambda a: {
        "server": a[0],
        "ca": a[1]["data"] if isinstance(a[1], dict) else a[1].data,
    }
)
fs = aws.efs.FileSystem(
    "aci-fs",
    encrypted=True,
    lifecycle_policies=[{"transition_to_ia": "AFTER_30_DAYS"}],
    throughput_mode="elastic",
)
mt = aws.efs.MountTarget(
    "aci-mt", file_system_id=fs.id, subnet_id=subs[0].id, security_groups=[sg.id]
)
repo = aws.ecr.Repository(
    "aci-img",
    image_tag_mutability="IMMUTABLE",
    image_scanning_configuration={"scan_on_push": True},
    encryption_configurations=[{"encryption_type": "KMS"}],
    force_delete=True,
)
aws.ecr.LifecyclePolicy(
    "aci-img",
    repository=repo.name,
    policy=json.dumps(
        {
            "rules": [
                {
                    "rulePriority": 1,
                    "selection": {
                        "tagStatus": "untagged",
                        "countType": "sinceImagePushed",
                        "countUnit": "days",
                        "countNumber": 14,
                    },
                    "action": {"type": "expire"},
                }
            ]
        }
    ),
)
tok = aws.ecr.get_authorization_token_output(registry_id=repo.registry_id)
vault = aws.backup.Vault("aci-v")
plan = aws.backup.Plan(
    "aci-p",
    rules=[
        {
            "rule_name": "daily",
            "target_vault_name": vault.name,
            "schedule": "cron(0 12 * * ? *)",
            "lifecycle": {"delete_after": 14},
        }
    ],
)
aws.backup.Selection(
    "aci-s", plan_id=plan.id, iam_role_arn=role.arn, resources=[fs.arn]
)
pulumi.export("aci ip", inst.public_ip)
pulumi.export("aci pdns", inst.public_dns)
pulumi.export("aci pip", inst.private_ip)
pulumi.export("aci issuer", issuer)
pulumi.export("aci kc", kubeconfig)
pulumi.export("aci fsdns", fs.dns_name)
pulumi.export("aci repo", repo.repository_url)
pulumi.export("aci asg", asg.arn)
pulumi.export("aci ltv", lt.latest_version)
pulumi.export("aci par", par.value)
pulumi.export("aci sgcluster", eks.vpc_config.cluster_security_group_id)
pulumi.export("aci user", tok.user_name)
pulumi.export("aci prov", prov.arn)
