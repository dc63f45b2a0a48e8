"""Flow logs of a VPC, a subnet or another network resource."""

from typing import ClassVar

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.ec2.described import Described, arn, retag
from trivium_rehearsal.aws.shape import Shape, from_cloud, to_cloud
from trivium_rehearsal.execution import ExecutionError, Properties

_FLOW_LOG_OPTIONS: Shape = {
    "fileFormat": "FileFormat",
    "hiveCompatiblePartitions": "HiveCompatiblePartitions",
    "perHourPartition": "PerHourPartition",
}


class FlowLog(Described):
    """A log of a network's traffic."""

    token = "aws:ec2/flowLog:FlowLog"
    describe = ("ec2.describe_flow_logs", "FlowLogIds", "FlowLogs")
    gone = ("InvalidFlowLogId.NotFound",)

    _TARGETS: ClassVar[dict[str, str]] = {
        "vpcId": "VPC",
        "subnetId": "Subnet",
        "eniId": "NetworkInterface",
        "transitGatewayId": "TransitGateway",
        "transitGatewayAttachmentId": "TransitGatewayAttachment",
    }

    def make(self, aws: Calls, inputs: Properties) -> str:
        target = next((name for name in self._TARGETS if inputs.get(name)), None)
        if target is None:
            raise ExecutionError(
                f"{self.token}: none of {', '.join(self._TARGETS)} is set; a flow log"
                " needs one. Set `vpcId`."
            )
        answer = aws(
            "ec2.create_flow_logs",
            ResourceIds=[inputs[target]],
            ResourceType=self._TARGETS[target],
            TrafficType=inputs.get("trafficType"),
            LogDestinationType=inputs.get("logDestinationType") or "cloud-watch-logs",
            LogDestination=inputs.get("logDestination"),
            DeliverLogsPermissionArn=inputs.get("iamRoleArn"),
            DeliverCrossAccountRole=inputs.get("deliverCrossAccountRole"),
            LogFormat=inputs.get("logFormat"),
            MaxAggregationInterval=inputs.get("maxAggregationInterval"),
            DestinationOptions=to_cloud(
                _FLOW_LOG_OPTIONS, inputs.get("destinationOptions")
            )
            or None,
        )
        if failed := answer.get("Unsuccessful"):
            error = failed[0].get("Error", {})
            raise ExecutionError(
                f"{self.token}: ec2.create_flow_logs for `{inputs[target]}` was refused"
                f" by the local AWS emulator with {error.get('Code')}:"
                f" {error.get('Message')}. Correct the property that the text names."
            )
        return str(answer["FlowLogIds"][0])

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:
        """Tags apart from the creating call, whose resource type (`vpc-flow-log`)
        MiniStack does not know."""
        retag(aws, id, {}, inputs)

    def told(
        self, aws: Calls, id: str, log: Properties, known: Properties
    ) -> Properties | None:
        target = next((name for name in self._TARGETS if known.get(name)), "vpcId")
        told = from_cloud(
            {
                target: "ResourceId",
                "trafficType": "TrafficType",
                "logDestinationType": "LogDestinationType",
                "logDestination": "LogDestination",
                "iamRoleArn": "DeliverLogsPermissionArn",
                "deliverCrossAccountRole": "DeliverCrossAccountRole",
                "logFormat": "LogFormat",
                "maxAggregationInterval": "MaxAggregationInterval",
                "destinationOptions": ("DestinationOptions", _FLOW_LOG_OPTIONS),
            },
            log,
        )
        return {
            **told,
            "arn": arn(
                aws,
                log.get("OwnerId") or _owner(aws),
                f"vpc-flow-log/{id}",
            ),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        """Only tags can change; everything else replaces the flow log."""
        retag(aws, id, self.known_one(aws, id), inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe("ec2.delete_flow_logs", *self.gone, FlowLogIds=[id])


def _owner(aws: Calls) -> str:
    """DescribeFlowLogs tells no owner: it is the caller's account."""
    return str(aws("sts.get_caller_identity")["Account"])
