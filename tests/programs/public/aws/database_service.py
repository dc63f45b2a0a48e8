"""An Aurora cluster behind a service on Fargate: certificate by DNS, scaling, firewall,
service discovery."""

import json

import pulumi
import pulumi_aws as aws

generation = pulumi.Config().get("generation") or "1"
vpc = aws.ec2.get_vpc(default=True)
subnets = aws.ec2.get_subnets(filters=[{"name": "vpc-id", "values": [vpc.id]}])
sg = aws.ec2.SecurityGroup("ads-web", vpc_id=vpc.id, tags={"Name": "web"})
aws.vpc.SecurityGroupIngressRule(
    "ads-https",
    security_group_id=sg.id,
    cidr_ipv4="0.0.0.0/0",
    ip_protocol="tcp",
    from_port=443,
    to_port=443,
)
aws.vpc.SecurityGroupEgressRule(
    "ads-all", security_group_id=sg.id, cidr_ipv4="0.0.0.0/0", ip_protocol="-1"
)
db_sg = aws.ec2.SecurityGroup(
    "ads-db",
    vpc_id=vpc.id,
    ingress=[
        {
            "protocol": "tcp",
            "from_port": 5432,
            "to_port": 5432,
            "security_groups": [sg.id],
        }
    ],
)
sng = aws.rds.SubnetGroup("ads-db", subnet_ids=subnets.ids)
pg = aws.rds.ClusterParameterGroup(
    "ads-pg",
    family="aurora-postgresql16",
    parameters=[
        {"name": "rds.force_ssl", "value": "1", "apply_method": "pending-reboot"}
    ],
)
cluster = aws.rds.Cluster(
    "ads-db",
    engine=aws.rds.EngineType.AURORA_POSTGRESQL,
    engine_mode="provisioned",
    engine_version="16.4",
    database_name="app",
    master_username="root",
    manage_master_user_password=True,
    db_subnet_group_name=sng.name,
    vpc_security_group_ids=[db_sg.id],
    storage_encrypted=True,
    db_cluster_parameter_group_name=pg.name,
    serverlessv2_scaling_configuration={"min_capacity": 0.5, "max_capacity": 4.0},
    skip_final_snapshot=True,
    backup_retention_period=14,
    preferred_backup_window="07:00-09:00",
    enabled_cloudwatch_logs_exports=["postgresql"],
)
inst = aws.rds.ClusterInstance(
    "ads-db",
    cluster_identifier=cluster.id,
    instance_class="db.serverless",
    engine=cluster.engine,
    engine_version=cluster.engine_version,
    performance_insights_enabled=True,
)
ecs = aws.ecs.Cluster(
    "ads-main", settings=[{"name": "containerInsights", "value": "enabled"}]
)
aws.ecs.ClusterCapacityProviders(
    "ads-main",
    cluster_name=ecs.name,
    capacity_providers=["FARGATE", "FARGATE_SPOT"],
    default_capacity_provider_strategies=[
        {"base": 1, "weight": 100, "capacity_provider": "FARGATE"}
    ],
)
lb = aws.lb.LoadBalancer(
    "ads-web",
    load_balancer_type="application",
    security_groups=[sg.id],
    subnets=subnets.ids,
    access_logs={"bucket": "logs-bucket", "enabled": True},
)
tg = aws.lb.TargetGroup(
    "ads-web",
    port=8080,
    protocol="HTTP",
    target_type="ip",
    vpc_id=vpc.id,
    deregistration_delay=30,
    health_check={"path": "/healthz", "matcher": "200-299", "interval": 15},
)
zone = aws.route53.Zone("ads-z", name="acme.test")
cert = aws.acm.Certificate(
    "ads-web",
    domain_name="www.acme.test",
    validation_method="DNS",
    subject_alternative_names=["api.acme.test"],
)
opt = cert.domain_validation_options[0]
rec = aws.route53.Record(
    "ads-val",
    zone_id=zone.zone_id,
    name=opt.resource_record_name,
    type=opt.resource_record_type,
    records=[opt.resource_record_value],
    ttl=60,
)
val = aws.acm.CertificateValidation(
    "ads-web", certificate_arn=cert.arn, validation_record_fqdns=[rec.fqdn]
)
listener = aws.lb.Listener(
    "ads-https",
    load_balancer_arn=lb.arn,
    port=443,
    protocol="HTTPS",
    ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
    certificate_arn=val.certificate_arn,
    default_actions=[{"type": "forward", "target_group_arn": tg.arn}],
)
aws.lb.Listener(
    "ads-http",
    load_balancer_arn=lb.arn,
    port=80,
    default_actions=[
        {
            "type": "redirect",
            "redirect": {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"},
        }
    ],
)
aws.lb.ListenerRule(
    "ads-api",
    listener_arn=listener.arn,
    priority=10,
    actions=[
        {
            "type": "forward",
            "forward": {"target_groups": [{"arn": tg.arn, "weight": 100}]},
        }
    ],
    conditions=[
        {"path_pattern": {"values": ["/api/*"]}},
        {"host_header": {"values": ["api.acme.test"]}},
    ],
)
role = aws.iam.Role(
    "ads-task",
    assume_role_policy=json.dumps(
        {
            "Version": "2008-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    ),
)
lg = aws.cloudwatch.LogGroup("ads-task")
td = aws.ecs.TaskDefinition(
    "ads-web",
    family="web",
    cpu="256",
    memory="512",
    network_mode="awsvpc",
    requires_compatibilities=["FARGATE"],
    execution_role_arn=role.arn,
    runtime_platform={"cpu_architecture": "ARM64", "operating_system_family": "LINUX"},
    container_definitions=pulumi.Output.all(
        lg.name, cluster.endpoint, cluster.master_user_secrets[0].secret_arn
    ).apply(
        lambda a: json.dumps(
            [
                {
                    "name": "web",
                    "image": f"nginx:{generation}",
                    "portMappings": [{"containerPort": 8080}],
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {"awslogs-group": a[0]},
                    },
                    "environment": [{"name": "DB", "value": a[1]}],
                    "secrets": [{"name": "S", "valueFrom": a[2]}],
                }
            ]
        )
    ),
)
svc = aws.ecs.Service(
    "ads-web",
    cluster=ecs.arn,
    task_definition=td.arn,
    desired_count=2,
    launch_type="FARGATE",
    network_configuration={
        "subnets": subnets.ids,
        "security_groups": [sg.id],
        "assign_public_ip": True,
    },
    load_balancers=[
        {"target_group_arn": tg.arn, "container_name": "web", "container_port": 8080}
    ],
    deployment_circuit_breaker={"enable": True, "rollback": True},
    opts=pulumi.ResourceOptions(
        depends_on=[listener], ignore_changes=["desired_count"]
    ),
)
target = aws.appautoscaling.Target(
    "ads-web",
    max_capacity=10,
    min_capacity=2,
    resource_id=pulumi.Output.concat("service/", ecs.name, "/", svc.name),
    scalable_dimension="ecs:service:DesiredCount",
    service_namespace="ecs",
)
aws.appautoscaling.Policy(
    "ads-web",
    policy_type="TargetTrackingScaling",
    resource_id=target.resource_id,
    scalable_dimension=target.scalable_dimension,
    service_namespace=target.service_namespace,
    target_tracking_scaling_policy_configuration={
        "predefined_metric_specification": {
            "predefined_metric_type": "ECSServiceAverageCPUUtilization"
        },
        "target_value": 60,
    },
)
aws.route53.Record(
    "ads-www",
    zone_id=zone.zone_id,
    name="www",
    type="A",
    aliases=[
        {"name": lb.dns_name, "zone_id": lb.zone_id, "evaluate_target_health": True}
    ],
)
waf = aws.wafv2.WebAcl(
    "ads-web",
    scope="REGIONAL",
    default_action={"allow": {}},
    visibility_config={
        "cloudwatch_metrics_enabled": True,
        "metric_name": "web",
        "sampled_requests_enabled": True,
    },
    rules=[
        {
            "name": "common",
            "priority": 1,
            "override_action": {"none": {}},
            "statement": {
                "managed_rule_group_statement": {
                    "name": "AWSManagedRulesCommonRuleSet",
                    "vendor_name": "AWS",
                }
            },
            "visibility_config": {
                "cloudwatch_metrics_enabled": False,
                "metric_name": "c",
                "sampled_requests_enabled": False,
            },
        },
        {
            "name": "rate",
            "priority": 2,
            "action": {"block": {}},
            "statement": {
                "rate_based_statement": {"limit": 2000, "aggregate_key_type": "IP"}
            },
            "visibility_config": {
                "cloudwatch_metrics_enabled": False,
                "metric_name": "r",
                "sampled_requests_enabled": False,
            },
        },
    ],
)
aws.wafv2.WebAclAssociation("ads-web", resource_arn=lb.arn, web_acl_arn=waf.arn)
ns = aws.servicediscovery.PrivateDnsNamespace("ads-ns", name="svc.local", vpc=vpc.id)
sd = aws.servicediscovery.Service(
    "ads-sd",
    name="web",
    dns_config={
        "namespace_id": ns.id,
        "dns_records": [{"ttl": 10, "type": "A"}],
        "routing_policy": "MULTIVALUE",
    },
)
pulumi.export("ads db", cluster.endpoint)
pulumi.export("ads reader", cluster.reader_endpoint)
pulumi.export("ads port", cluster.port)
pulumi.export("ads dns", lb.dns_name)
pulumi.export("ads td", td.revision)
pulumi.export("ads ns", zone.name_servers)
pulumi.export("ads inst", inst.endpoint)
pulumi.export("ads fqdn", rec.fqdn)
pulumi.export("ads secret", cluster.master_user_secrets[0]["secret_arn"])
