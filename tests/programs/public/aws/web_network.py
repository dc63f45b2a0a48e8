"""A network over two zones with a gateway, a web server in a security group, and its
flow logs."""

import pulumi
import pulumi_aws as aws

zones = aws.get_availability_zones(state="available")
image = aws.ec2.get_ami_output(
    most_recent=True,
    owners=["amazon"],
    filters=[{"name": "name", "values": ["al2023-ami-*-x86_64"]}],
)
vpc = aws.ec2.Vpc(
    "vpc",
    cidr_block="10.0.0.0/16",
    enable_dns_hostnames=True,
    enable_dns_support=True,
    instance_tenancy="default",
    tags={"Name": "web"},
)
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id)
routes = aws.ec2.RouteTable(
    "routes",
    vpc_id=vpc.id,
    routes=[aws.ec2.RouteTableRouteArgs(cidr_block="0.0.0.0/0", gateway_id=gateway.id)],
)
subnets = []
for index, zone in enumerate(zones.names[:2]):
    subnet = aws.ec2.Subnet(
        f"subnet-{index}",
        vpc_id=vpc.id,
        cidr_block=f"10.0.{index}.0/24",
        availability_zone=zone,
        map_public_ip_on_launch=True,
    )
    aws.ec2.RouteTableAssociation(
        f"association-{index}", subnet_id=subnet.id, route_table_id=routes.id
    )
    subnets.append(subnet)
address = aws.ec2.Eip("nat-address", domain="vpc")
aws.ec2.NatGateway("nat", allocation_id=address.allocation_id, subnet_id=subnets[0].id)
group = aws.ec2.SecurityGroup(
    "web",
    description="HTTP and SSH",
    vpc_id=vpc.id,
    ingress=[
        {
            "protocol": "tcp",
            "from_port": 22,
            "to_port": 22,
            "cidr_blocks": ["10.0.0.0/8"],
        },
        aws.ec2.SecurityGroupIngressArgs(
            protocol="tcp", from_port=80, to_port=80, cidr_blocks=["0.0.0.0/0"]
        ),
    ],
    egress=[
        {"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}
    ],
)
# Rules of their own stand on a group without inline rules: the two would fight over the
# group.
secure = aws.ec2.SecurityGroup("secure", description="HTTPS", vpc_id=vpc.id)
aws.vpc.SecurityGroupIngressRule(
    "https",
    security_group_id=secure.id,
    ip_protocol="tcp",
    from_port=443,
    to_port=443,
    cidr_ipv4="0.0.0.0/0",
)
server = aws.ec2.Instance(
    "server",
    ami=image.id,
    instance_type=aws.ec2.InstanceType.T3_MICRO,
    subnet_id=subnets[0].id,
    vpc_security_group_ids=[group.id, secure.id],
    user_data="#!/bin/bash\necho hello > index.html\n",
    root_block_device={"volume_size": 20, "volume_type": "gp3", "encrypted": True},
    metadata_options={"http_tokens": "required", "http_endpoint": "enabled"},
    tags={"Name": "server", "Generation": pulumi.Config().get("generation") or "1"},
)
logs = aws.cloudwatch.LogGroup("flow", retention_in_days=30)
flow_role = aws.iam.Role(
    "flow-role",
    assume_role_policy=aws.iam.get_policy_document(
        statements=[
            {
                "actions": ["sts:AssumeRole"],
                "principals": [
                    {"type": "Service", "identifiers": ["vpc-flow-logs.amazonaws.com"]}
                ],
            }
        ]
    ).json,
)
aws.ec2.FlowLog(
    "flow-log",
    vpc_id=vpc.id,
    traffic_type="ALL",
    log_destination=logs.arn,
    iam_role_arn=flow_role.arn,
)
pulumi.export("publicIp", server.public_ip)
pulumi.export("vpcId", vpc.id)
