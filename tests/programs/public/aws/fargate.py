"""A container on Fargate behind a load balancer, in the default network."""

import json

import pulumi
import pulumi_aws as aws

generation = pulumi.Config().get("generation") or "1"
default_vpc = aws.ec2.get_vpc(default=True)
default_subnets = aws.ec2.get_subnets(
    filters=[{"name": "vpc-id", "values": [default_vpc.id]}]
)

cluster = aws.ecs.Cluster(
    "cluster", settings=[{"name": "containerInsights", "value": "enabled"}]
)
group = aws.ec2.SecurityGroup(
    "balancer",
    vpc_id=default_vpc.id,
    description="Enable HTTP access",
    ingress=[
        {"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": ["0.0.0.0/0"]}
    ],
    egress=[
        {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}
    ],
)
balancer = aws.lb.LoadBalancer(
    "app",
    security_groups=[group.id],
    subnets=default_subnets.ids,
    load_balancer_type="application",
    idle_timeout=60,
)
targets = aws.lb.TargetGroup(
    "app",
    port=80,
    protocol="HTTP",
    target_type="ip",
    vpc_id=default_vpc.id,
    health_check={"path": "/health", "matcher": "200-399", "interval": 30},
)
listener = aws.lb.Listener(
    "app",
    load_balancer_arn=balancer.arn,
    port=80,
    default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
)
repository = aws.ecr.Repository(
    "app",
    image_scanning_configuration={"scan_on_push": True},
    image_tag_mutability="MUTABLE",
    force_delete=True,
)
aws.ecr.LifecyclePolicy(
    "app",
    repository=repository.name,
    policy=json.dumps(
        {
            "rules": [
                {
                    "rulePriority": 1,
                    "selection": {
                        "tagStatus": "untagged",
                        "countType": "imageCountMoreThan",
                        "countNumber": 5,
                    },
                    "action": {"type": "expire"},
                }
            ]
        }
    ),
)
role = aws.iam.Role(
    "task-execution",
    assume_role_policy=json.dumps(
        {
            "Version": "2008-10-17",
            "Statement": [
                {
                    "Sid": "",
                    "Effect": "Allow",
                    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    ),
)
aws.iam.RolePolicyAttachment(
    "task-execution",
    role=role.name,
    policy_arn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
)
task = aws.ecs.TaskDefinition(
    "app",
    family="app-task",
    cpu="256",
    memory="512",
    network_mode="awsvpc",
    requires_compatibilities=["FARGATE"],
    execution_role_arn=role.arn,
    container_definitions=pulumi.Output.json_dumps(
        [
            {
                "name": "app",
                "image": repository.repository_url.apply(
                    lambda url: f"{url}:{generation}"
                ),
                "portMappings": [
                    {"containerPort": 80, "hostPort": 80, "protocol": "tcp"}
                ],
            }
        ]
    ),
)
aws.ecs.Service(
    "app",
    cluster=cluster.arn,
    desired_count=3,
    launch_type="FARGATE",
    task_definition=task.arn,
    network_configuration={
        "assign_public_ip": True,
        "subnets": default_subnets.ids,
        "security_groups": [group.id],
    },
    load_balancers=[
        {"target_group_arn": targets.arn, "container_name": "app", "container_port": 80}
    ],
    opts=pulumi.ResourceOptions(depends_on=[listener]),
)
pulumi.export("url", balancer.dns_name)
