"""The resources of the trial stack, as CloudFormation templates have them."""

import json
from typing import Any, Final

ORIGIN: Final = "https://portal.example"
BUCKET: Final = "trial-assets"

Properties = dict[str, Any]


def ref(name: str) -> Properties:
    return {"Ref": name}


def attribute(name: str, value: str) -> Properties:
    return {"Fn::GetAtt": [name, value]}


def join(*parts: Any) -> Properties:
    return {"Fn::Join": ["", list(parts)]}


def resource(kind: str, needs: tuple[str, ...] = (), **properties: Any) -> Properties:
    built: Properties = {"Type": f"AWS::{kind}", "Properties": properties}
    return {**built, "DependsOn": list(needs)} if needs else built


def allow(*statements: tuple[list[str], Any]) -> Properties:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": target}
            for actions, target in statements
        ],
    }


def of_partition(beginning: str, policy: Properties) -> Properties:
    """The policy, with the last statement limited to partitions with this beginning."""
    condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{beginning}*"]}}
    *others, last = policy["Statement"]
    return {**policy, "Statement": [*others, {**last, "Condition": condition}]}


def role(service: str, policy: Properties) -> Properties:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        ],
    }
    return resource(
        "IAM::Role",
        AssumeRolePolicyDocument=trust,
        Policies=[{"PolicyName": "own", "PolicyDocument": policy}],
    )


def table(*, stream: bool) -> Properties:
    more: Any = {}
    if stream:
        more = {
            "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
            "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "SSESpecification": {"SSEEnabled": True},
        }
    return resource(
        "DynamoDB::Table",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        **more,
    )


def functions(code: str, layer: bool) -> Properties:
    built: Properties = {}
    note = (["dynamodb:PutItem"], attribute("Results", "Arn"))
    read_stream = (
        ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"],
        attribute("Requests", "StreamArn"),
    )
    grants = {
        "echo": allow(note),
        "slow": allow(note),
        "late": allow(note),
        "on_insert": allow(note, read_stream),
        "on_remove": allow(note, read_stream),
        "on_event": allow(note, (["sqs:SendMessage"], attribute("DeadLetters", "Arn"))),
        "task": allow(note),
        "probe": of_partition(
            "x",
            allow(
                (["states:SendTaskSuccess"], ref("Machine")),
                (["sqs:SendMessage"], attribute("DeadLetters", "Arn")),
                (["s3:GetObject"], join(attribute("Documents", "Arn"), "/readable/*")),
                (
                    ["dynamodb:GetItem", "dynamodb:TransactWriteItems", "dynamodb:PutItem"],
                    attribute("Results", "Arn"),
                ),
            ),
        ),
        "presign": allow(
            (["s3:PutObject", "s3:GetObject"], join(attribute("Documents", "Arn"), "/*"))
        ),
    }
    for name, policy in grants.items():
        title = name.title().replace("_", "")
        built[f"{title}Role"] = role("lambda.amazonaws.com", policy)
        more: Properties = {}
        if name == "echo" and layer:
            more["Layers"] = [ref("Layer")]
        if name == "on_event":
            more["DeadLetterConfig"] = {"TargetArn": attribute("DeadLetters", "Arn")}
        built[title] = resource(
            "Lambda::Function",
            Runtime="python3.11",
            Handler=f"handlers.{name}",
            Timeout=1 if name == "late" else 20,
            Role=attribute(f"{title}Role", "Arn"),
            Code={"S3Bucket": BUCKET, "S3Key": code},
            Environment={"Variables": {"RESULTS": ref("Results"), "DOCUMENTS": ref("Documents")}},
            **more,
        )
    return built


def mapping(target: str, pattern: Properties, **more: Any) -> Properties:
    return resource(
        "Lambda::EventSourceMapping",
        EventSourceArn=attribute("Requests", "StreamArn"),
        FunctionName=ref(target),
        StartingPosition="TRIM_HORIZON",
        BatchSize=10,
        BisectBatchOnFunctionError=True,
        FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]},
        DestinationConfig={"OnFailure": {"Destination": attribute("DeadLetters", "Arn")}},
        **more,
    )


def machine() -> str:
    def invoke(function: str, payload: Any, **more: Any) -> Properties:
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": function, "Payload": payload},
            **more,
        }

    states = {
        "Choose": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.mode = 'wait' %}", "Next": "Ask"}],
            "Default": "Call",
        },
        "Call": invoke(
            "${Task}",
            "{% $states.input %}",
            TimeoutSeconds=15,
            Output="{% $states.result.Payload %}",
            Retry=[
                {
                    "ErrorEquals": ["FlakyError"],
                    "IntervalSeconds": 1,
                    "MaxAttempts": 1,
                    "BackoffRate": 1,
                    "MaxDelaySeconds": 5,
                    "JitterStrategy": "FULL",
                }
            ],
            Catch=[
                {"ErrorEquals": ["RefusedError"], "Next": "Refused"},
                {"ErrorEquals": ["States.ALL"], "Next": "Broken"},
            ],
            Next="Done",
        ),
        "Ask": {
            **invoke(
                "${Task}",
                {
                    "mode": "wait",
                    "token": "{% $states.context.Task.Token %}",
                    "execution": "{% $states.context.Execution.Name %}",
                    "raise": "{% $exists($states.input.raise) ? $states.input.raise : '' %}",
                },
                TimeoutSeconds="{% $max([1, $floor($states.input.seconds)]) %}",
                Assign={"answered": "{% $states.result %}"},
                Catch=[
                    {"ErrorEquals": ["States.Timeout"], "Next": "Late"},
                    {"ErrorEquals": ["RefusedError"], "Next": "Refused"},
                    {"ErrorEquals": ["States.ALL"], "Next": "Broken"},
                ],
                Next="Done",
            ),
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        },
        "Late": {"Type": "Pass", "Output": "late", "End": True},
        "Refused": {"Type": "Pass", "Output": "refused", "End": True},
        "Broken": {"Type": "Pass", "Output": "{% $states.input %}", "End": True},
        "Done": {"Type": "Succeed"},
    }
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Choose", "States": states})


def api(cors: bool) -> Properties:
    issuer = join("https://cognito-idp.", ref("AWS::Region"), ".amazonaws.com/", ref("Pool"))
    allowed = {
        "AllowOrigins": [ORIGIN],
        "AllowMethods": ["GET", "POST"],
        "AllowHeaders": ["authorization", "content-type"],
        "ExposeHeaders": ["etag"],
        "MaxAge": 600,
    }
    more: Any = {"CorsConfiguration": allowed} if cors else {}
    return {
        "Pool": resource("Cognito::UserPool"),
        "Client": resource(
            "Cognito::UserPoolClient",
            UserPoolId=ref("Pool"),
            ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        ),
        "Stranger": resource(
            "Cognito::UserPoolClient",
            UserPoolId=ref("Pool"),
            ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        ),
        "Page": resource(
            "Cognito::UserPoolClient",
            UserPoolId=ref("Pool"),
            ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["code"],
            AllowedOAuthScopes=["openid"],
            CallbackURLs=[f"{ORIGIN}/signed-in"],
            LogoutURLs=[f"{ORIGIN}/"],
            SupportedIdentityProviders=["COGNITO"],
        ),
        "Group": resource("Cognito::UserPoolGroup", UserPoolId=ref("Pool"), GroupName="readers"),
        "Group2": resource("Cognito::UserPoolGroup", UserPoolId=ref("Pool"), GroupName="writers"),
        "Api": resource("ApiGatewayV2::Api", Name="trial", ProtocolType="HTTP", **more),
        "Stage": resource(
            "ApiGatewayV2::Stage", ApiId=ref("Api"), StageName="$default", AutoDeploy=True
        ),
        "Authorizer": resource(
            "ApiGatewayV2::Authorizer",
            ApiId=ref("Api"),
            Name="jwt",
            AuthorizerType="JWT",
            IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={"Audience": [ref("Client")], "Issuer": issuer},
        ),
        "Integration": resource(
            "ApiGatewayV2::Integration",
            ApiId=ref("Api"),
            IntegrationType="AWS_PROXY",
            IntegrationUri=attribute("Echo", "Arn"),
            PayloadFormatVersion="2.0",
        ),
        "Route": resource(
            "ApiGatewayV2::Route",
            ApiId=ref("Api"),
            RouteKey="GET /echo/{id}",
            AuthorizationType="JWT",
            AuthorizerId=ref("Authorizer"),
            Target=join("integrations/", ref("Integration")),
        ),
        "EchoPermission": resource(
            "Lambda::Permission",
            Action="lambda:InvokeFunction",
            FunctionName=attribute("Echo", "Arn"),
            Principal="apigateway.amazonaws.com",
        ),
    }


def documents() -> Properties:
    tls_only = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": "s3:*",
                "Resource": [
                    attribute("Documents", "Arn"),
                    join(attribute("Documents", "Arn"), "/*"),
                ],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
    return {
        "Documents": resource(
            "S3::Bucket",
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
                ]
            },
            VersioningConfiguration={"Status": "Enabled"},
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            CorsConfiguration={
                "CorsRules": [
                    {
                        "AllowedOrigins": [ORIGIN],
                        "AllowedMethods": ["POST", "GET"],
                        "AllowedHeaders": ["*"],
                    }
                ]
            },
            NotificationConfiguration={"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
        ),
        "TlsOnly": resource("S3::BucketPolicy", Bucket=ref("Documents"), PolicyDocument=tls_only),
    }


def events(archive: bool) -> Properties:
    def permission(rule: str) -> Properties:
        return resource(
            "Lambda::Permission",
            Action="lambda:InvokeFunction",
            FunctionName=attribute("OnEvent", "Arn"),
            Principal="events.amazonaws.com",
            SourceArn=attribute(rule, "Arn"),
        )

    target = {
        "Id": "T",
        "Arn": attribute("OnEvent", "Arn"),
        "DeadLetterConfig": {"Arn": attribute("DeadLetters", "Arn")},
        "RetryPolicy": {"MaximumRetryAttempts": 2},
    }
    built = {
        "Uploads": resource(
            "Events::Rule",
            EventPattern={
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {"bucket": {"name": [ref("Documents")]}},
            },
            Targets=[target],
        ),
        "UploadsPermission": permission("Uploads"),
        "Bus": resource("Events::EventBus", Name="trial-bus"),
        "Published": resource(
            "Events::Rule",
            EventBusName=ref("Bus"),
            EventPattern={"source": ["trial"]},
            Targets=[target],
        ),
        "PublishedPermission": permission("Published"),
    }
    if archive:
        built["Archive"] = resource(
            "Events::Archive",
            SourceArn=attribute("Bus", "Arn"),
            RetentionDays=30,
            EventPattern={"source": ["trial"]},
        )
    return built


def watching(metric_math: bool) -> Properties:
    built = {
        "Log": resource(
            "Logs::LogGroup", LogGroupName="/aws/vendedlogs/states/trial", RetentionInDays=30
        ),
        "Alarm": resource(
            "CloudWatch::Alarm",
            Namespace="AWS/SQS",
            MetricName="ApproximateNumberOfMessagesVisible",
            Dimensions=[{"Name": "QueueName", "Value": attribute("DeadLetters", "QueueName")}],
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        ),
    }
    if metric_math:
        built["Math"] = resource(
            "CloudWatch::Alarm",
            Metrics=[{"Id": "e", "Expression": "1", "Label": "x"}],
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        )
    return built
