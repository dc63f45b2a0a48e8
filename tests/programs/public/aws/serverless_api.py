"""A function with its role and table, behind an HTTP interface, woken by a schedule and
a queue."""

import json

import pulumi
import pulumi_aws as aws

me = aws.get_caller_identity()
region = aws.get_region()
password = pulumi.Config().get_secret("dbPassword") or pulumi.Output.secret(
    "hunter2-not-real"
)

role = aws.iam.Role(
    "api-role",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "sts:AssumeRole",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Effect": "Allow",
                    "Sid": "",
                }
            ],
        }
    ),
)
aws.iam.RolePolicyAttachment(
    "api-role-logs",
    role=role,
    policy_arn=aws.iam.ManagedPolicy.AWS_LAMBDA_BASIC_EXECUTION_ROLE,
)
table = aws.dynamodb.Table(
    "items",
    attributes=[{"name": "id", "type": "S"}],
    hash_key="id",
    billing_mode="PAY_PER_REQUEST",
    point_in_time_recovery={"enabled": True},
)
aws.iam.RolePolicy(
    "api-role-table",
    role=role.id,
    policy=table.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": [
                            "dynamodb:GetItem",
                            "dynamodb:PutItem",
                            "dynamodb:Query",
                        ],
                        "Resource": arn,
                        "Condition": {
                            "StringEquals": {"aws:RequestedRegion": region.region}
                        },
                    }
                ],
            }
        )
    ),
)
handler = aws.lambda_.Function(
    "api",
    runtime=aws.lambda_.Runtime.PYTHON3D12,
    role=role.arn,
    handler="handler.main",
    code=pulumi.AssetArchive(
        {"handler.py": pulumi.StringAsset("def main(event, context):\n    return {}\n")}
    ),
    timeout=30,
    memory_size=256,
    environment={"variables": {"TABLE": table.name, "PASSWORD": password}},
)
api = aws.apigatewayv2.Api(
    "http", protocol_type="HTTP", cors_configuration={"allow_origins": ["*"]}
)
integration = aws.apigatewayv2.Integration(
    "http-lambda",
    api_id=api.id,
    integration_type="AWS_PROXY",
    integration_uri=handler.invoke_arn,
    payload_format_version="2.0",
)
route = aws.apigatewayv2.Route(
    "default",
    api_id=api.id,
    route_key="$default",
    target=integration.id.apply(
        lambda integration_id: f"integrations/{integration_id}"
    ),
)
aws.apigatewayv2.Stage("prod", api_id=api.id, name="$default", auto_deploy=True)
aws.lambda_.Permission(
    "http-may-call",
    action="lambda:InvokeFunction",
    function=handler.name,
    principal="apigateway.amazonaws.com",
    source_arn=api.execution_arn.apply(lambda arn: f"{arn}/*/*"),
)
rule = aws.cloudwatch.EventRule("nightly", schedule_expression="cron(0 3 * * ? *)")
aws.cloudwatch.EventTarget(
    "nightly-api", rule=rule.name, arn=handler.arn, input=json.dumps({"job": "nightly"})
)
dead = aws.sqs.Queue("dead-letters", message_retention_seconds=1209600)
queue = aws.sqs.Queue(
    "work",
    visibility_timeout_seconds=180,
    redrive_policy=dead.arn.apply(
        lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 4})
    ),
)
aws.lambda_.EventSourceMapping(
    "work-api",
    event_source_arn=queue.arn,
    function_name=handler.arn,
    batch_size=10,
    enabled=True,
)
topic = aws.sns.Topic("alarms", display_name=f"alarms of {me.account_id}")
aws.cloudwatch.MetricAlarm(
    "errors",
    comparison_operator="GreaterThanOrEqualToThreshold",
    evaluation_periods=1,
    metric_name="Errors",
    namespace="AWS/Lambda",
    period=60,
    statistic="Sum",
    threshold=1,
    alarm_actions=[topic.arn],
    dimensions={"FunctionName": handler.name},
    alarm_description=f"Generation {pulumi.Config().get('generation') or '1'}",
)
pulumi.export("endpoint", api.api_endpoint)
