"""Amazon VPC: networks, subnets, routes, security groups, endpoints and flow logs.

One file holds one kind of resource. `KINDS` lists the types that the emulator executes.
"""

from trivium_rehearsal.aws.ec2.endpoint import VpcEndpoint
from trivium_rehearsal.aws.ec2.flow_log import FlowLog
from trivium_rehearsal.aws.ec2.routes import RouteTable, RouteTableAssociation
from trivium_rehearsal.aws.ec2.security_group import SecurityGroup
from trivium_rehearsal.aws.ec2.security_group_rule import (
    SecurityGroupEgressRule,
    SecurityGroupIngressRule,
)
from trivium_rehearsal.aws.ec2.subnet import Subnet
from trivium_rehearsal.aws.ec2.vpc import Vpc
from trivium_rehearsal.aws.executed import Kind

KINDS: tuple[type[Kind], ...] = (
    Vpc,
    Subnet,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    SecurityGroupIngressRule,
    SecurityGroupEgressRule,
    VpcEndpoint,
    FlowLog,
)
