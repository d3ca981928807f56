"""The resources of a task: the ARN if the definition specifies it, else the narrowest pattern and a note why."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from compiler.permissions.arguments import Arguments
from compiler.placeholders import EXECUTIONS, PLACEHOLDER


@dataclass(frozen=True, slots=True)
class Resources:
    """ARNs, and why they match more than one resource."""

    arns: tuple[str, ...]
    note: str = ""


ResourceOf = Callable[[Arguments], Resources]
PARTITION = "arn:${AWS::Partition}"

ANY = Resources(("*",), "the action does not support resource-level permissions, or they are not known")
_ACCESS_POINT = re.compile(r"arn:[^:]*:s3(?:-outposts)?:[^:]*:[^:]*:(?:.*[:/])?accesspoint[:/][^:/]+")
# The characters that Secrets Manager adds to the ARN of a secret.
_RANDOM = re.compile(r"-([A-Za-z0-9]{6})$")
# The id of an inference profile that AWS defines is that of a model after the name of a group of regions.
_INFERENCE_PROFILE = re.compile(
    r"(?:arn:[\w${}:-]*:inference-profile/)?(?:us|us-gov|eu|apac|ap|global|jp|au|ca)\.(?P<model>[^/]+)"
)
_QUALIFIED = re.compile(r"(.*:stateMachine:[^:]+):[^:]+")
_QUEUE_URL = re.compile(
    r"https?://(?P<host>[^/]+\.(?:amazonaws\.com(?:\.cn)?|api\.aws))/(?P<account>[^/]+)/(?P<name>[^/]+)"
)
# In the host of a queue: `sqs.REGION.amazonaws.com`, those for FIPS and VPC endpoints, and formerly `REGION.queue...`.
_QUEUE_REGION = re.compile(r"(?:^|\.)sqs(?:-fips)?\.([^.]+)\.|^([^.]+)\.queue\.")


def arn(service: str, resource: str) -> str:
    """Return an ARN in the stage's account and region."""
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"


def is_arn(text: str) -> bool:
    """Return whether a string is an ARN, or a `${...}` that becomes one."""
    return text.startswith("arn:") or PLACEHOLDER.fullmatch(text) is not None


def anything(arguments: Arguments) -> Resources:
    """Return all resources, for actions that IAM can't narrow."""
    return ANY


def named(parameter: str, service: str, pattern: str, *, default: str | None = None) -> ResourceOf:
    """Return a function from arguments to the resource that one of them names.

    Args:
        parameter: The argument's name. Its value is an ARN or a name.
        service: The service in the ARN of a name.
        pattern: The resource in the ARN of a name, which replaces its `{}`.
        default: The name that an absent argument means; without one, all resources match.
    """

    def resources(arguments: Arguments) -> Resources:
        text = arguments.literal(parameter)
        if text is not None:
            return Resources((text if is_arn(text) else arn(service, pattern.format(text)),))
        if arguments.given(parameter):
            return Resources((arn(service, pattern.format("*")),), f"{parameter} is computed at run time")
        if default is not None:
            return Resources((arn(service, pattern.format(default)),))
        return Resources(("*",), f"{parameter} is absent")

    return resources


def revisions(parameter: str, service: str, pattern: str) -> ResourceOf:
    """Like `named`, for resources with numbered revisions: a name without a number means the latest revision."""
    of = named(parameter, service, pattern)

    def resources(arguments: Arguments) -> Resources:
        found = of(arguments)
        text = arguments.literal(parameter)
        if text is None or PLACEHOLDER.fullmatch(text) or ":" in text.rpartition("/")[2]:
            return found
        return Resources((f"{found.arns[0]}:*",), f"{parameter} specifies no revision")

    return resources


def role(text: str) -> str:
    """Return the ARN of a role, given by its ARN or its name."""
    return text if is_arn(text) else f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{text}"


def first_given(*choices: tuple[str, ResourceOf], otherwise: ResourceOf) -> ResourceOf:
    """Return a function from arguments to the resource of the first parameter that is present."""

    def resources(arguments: Arguments) -> Resources:
        for parameter, resource in choices:
            if arguments.given(parameter) and not arguments.computed_as_a_whole:
                return resource(arguments)
        return otherwise(arguments)

    return resources


def function(arguments: Arguments) -> Resources:
    """Return the Lambda function in `FunctionName`: a name, an ARN or a partial ARN, with or without a qualifier."""
    text = arguments.literal("FunctionName")
    if text is None:
        arns = (arn("lambda", "function:${ResourcePrefix}*"),)
        return Resources(arns, "FunctionName is computed at run time; only functions of this stage are allowed")
    qualifier = arguments.literal("Qualifier")
    note = ""
    if qualifier is None and arguments.given("Qualifier"):
        qualifier, note = "*", "Qualifier is computed at run time"
    if is_arn(text):
        return Resources((f"{text}:{qualifier}" if qualifier else text,), note)
    account, _, name = text.rpartition("function:")
    name = f"{name}:{qualifier}" if qualifier and ":" not in name else name
    found = arn("lambda", f"function:{name}")
    if account:  # 123456789012:function:name
        found = found.replace("${AWS::AccountId}", account.rstrip(":"))
    return Resources((found,), note)


def state_machine(arguments: Arguments) -> Resources:
    """Return the state machine in `StateMachineArn`."""
    text = arguments.literal("StateMachineArn")
    if text is not None:
        return Resources((text,))
    arns = (arn("states", "stateMachine:${ResourcePrefix}*"),)
    return Resources(arns, "StateMachineArn is computed at run time; only flows of this stage are allowed")


def executions_of(machine: Resources) -> Resources:
    """Return all executions of a state machine."""
    arns = []
    for text in machine.arns:
        placeholder = PLACEHOLDER.fullmatch(text)
        if placeholder:
            arns.append(f"${{{EXECUTIONS}{placeholder[1]}}}")
        else:
            # An execution's ARN does not say by which version or alias it was started.
            machine_arn = _QUALIFIED.sub(r"\1", text)
            arns.append(machine_arn.replace(":stateMachine:", ":execution:") + ":*")
    return Resources(tuple(arns), machine.note)


def queue(arguments: Arguments) -> Resources:
    """Return the queue in `QueueUrl`."""
    text = arguments.literal("QueueUrl")
    if text is None:
        return Resources((arn("sqs", "*"),), "QueueUrl is computed at run time")
    match = _QUEUE_URL.fullmatch(text)
    if match:
        found = _QUEUE_REGION.search(match["host"])
        region = (found[1] or found[2]) if found else "*"
        return Resources((f"{PARTITION}:sqs:{region}:{match['account']}:{match['name']}",))
    return Resources((text if is_arn(text) else arn("sqs", text.rstrip("/").rpartition("/")[2]),))


def topic(arguments: Arguments) -> Resources:
    """Return the topic in `TopicArn` or `TargetArn`; a message to a phone number has no resource."""
    for parameter in ("TopicArn", "TargetArn"):
        text = arguments.literal(parameter)
        if text is not None:
            return Resources((text,))
    if arguments.given("PhoneNumber") and not arguments.computed_as_a_whole:
        return Resources(("*",), "phone numbers are not IAM resources")
    return Resources((arn("sns", "*"),), "TopicArn is computed at run time")


def event_buses(arguments: Arguments) -> Resources:
    """Return the event buses of `Entries`."""
    found = [_event_bus(entry) for entry in arguments.items("Entries")] or [_event_bus(arguments)]
    note = next((item.note for item in found if item.note), "")
    return Resources(tuple(dict.fromkeys(text for item in found for text in item.arns)), note)


_event_bus = named("EventBusName", "events", "event-bus/{}", default="default")


def bucket(arguments: Arguments) -> Resources:
    """Return the bucket in `Bucket`."""
    text = arguments.literal("Bucket")
    if text is None:
        return Resources(("arn:${AWS::Partition}:s3:::*",), "Bucket is computed at run time")
    return Resources((text if is_arn(text) else f"arn:${{AWS::Partition}}:s3:::{text}",))


def bucket_objects(arguments: Arguments) -> Resources:
    """Return the object in `Bucket` and `Key`, or those under `Prefix`."""
    of = bucket(arguments)
    key = arguments.literal("Key")
    if key is not None:
        return Resources((object_arn(of.arns[0], key),), of.note)
    prefix = arguments.literal("Prefix")
    if prefix is not None:
        return Resources((object_arn(of.arns[0], f"{prefix}*"),), of.note)
    return Resources((object_arn(of.arns[0], "*"),), of.note or "Key is computed at run time")


def object_arn(bucket_arn: str, key: str) -> str:
    """Return the ARN of an object, or of a pattern of them, in a bucket or behind an access point."""
    behind = "/object" if _ACCESS_POINT.fullmatch(bucket_arn) else ""
    return f"{bucket_arn}{behind}/{key}"


def query_results(arguments: Arguments) -> Resources:
    """Return the objects under `ResultConfiguration.OutputLocation` of an Athena query."""
    location = arguments.nested("ResultConfiguration").literal("OutputLocation")
    if location is None:
        return Resources(("arn:${AWS::Partition}:s3:::*/*",), "the definition does not specify OutputLocation")
    path = location.removeprefix("s3://").rstrip("/")
    return Resources((f"arn:${{AWS::Partition}}:s3:::{path}/*",))


def query_bucket(arguments: Arguments) -> Resources:
    """Return the bucket of `query_results`."""
    found = query_results(arguments)
    partition, _, path = found.arns[0].rpartition(":::")
    return Resources((f"{partition}:::{path.partition('/')[0]}",), found.note)


def secret(arguments: Arguments) -> Resources:
    """Return the secret in `SecretId`; Secrets Manager adds six random characters to the ARN of a name."""
    return secret_in("SecretId")(arguments)


def secret_in(parameter: str) -> ResourceOf:
    """Return a function from arguments to the secret that one of them names: by its name, or by its ARN.

    The ARN may lack the random characters; whether `my-secret` ends with them is not known.
    """

    def resources(arguments: Arguments) -> Resources:
        text = arguments.literal(parameter)
        if text is None:
            return Resources((arn("secretsmanager", "secret:*"),), f"{parameter} is computed at run time")
        if not is_arn(text):
            return Resources((arn("secretsmanager", f"secret:{text}-??????"),))
        end = _RANDOM.search(text)
        if PLACEHOLDER.fullmatch(text) or "*" in text or (end and not (end[1].isalpha() and end[1].islower())):
            return Resources((text,))
        return Resources((f"{text}*" if end else f"{text}-??????",))

    return resources


def secrets(arguments: Arguments) -> Resources:
    """Return the secrets of `SecretIdList`."""
    return _each(arguments, "SecretIdList", lambda text: secret(Arguments({"SecretId": text})))


def parameter(arguments: Arguments) -> Resources:
    """Return the Parameter Store parameter in `Name`, those in `Names`, or those under `Path`."""
    if arguments.given("Names") and not arguments.computed_as_a_whole:
        return _each(arguments, "Names", lambda text: parameter(Arguments({"Name": text})))
    text = arguments.literal("Name") or arguments.literal("Path")
    if text is None:
        return Resources((arn("ssm", "parameter/*"),), "Name is computed at run time")
    return Resources((text if is_arn(text) else arn("ssm", "parameter/" + text.lstrip("/")),))


def log_groups(arguments: Arguments) -> Resources:
    """Return the log groups that a call names: one or several, by name or ARN."""
    for name in ("LogGroupName", "LogGroupIdentifier"):
        if arguments.given(name) and not arguments.computed_as_a_whole:
            return _log_group(arguments.literal(name))
    for name in ("LogGroupNames", "LogGroupIdentifiers"):
        if arguments.given(name) and not arguments.computed_as_a_whole:
            return _each(arguments, name, _log_group)
    return ANY


def _log_group(text: str | None) -> Resources:
    if text is None:
        return Resources((arn("logs", "log-group:*:*"),), "the log group is computed at run time")
    return Resources((f"{text.removesuffix(':*')}:*" if is_arn(text) else arn("logs", f"log-group:{text}:*"),))


def _each(arguments: Arguments, name: str, resource: Callable[[str | None], Resources]) -> Resources:
    """Return the resources of a list of names."""
    texts = arguments.literals(name)
    found = [resource(text) for text in texts] if texts else [resource(None)]
    note = next((item.note for item in found if item.note), "")
    return Resources(tuple(dict.fromkeys(text for item in found for text in item.arns)), note)


def key(arguments: Arguments) -> Resources:
    """Return the KMS key in `KeyId`; an alias is not a resource."""
    return key_in("KeyId")(arguments)


def key_in(parameter: str) -> ResourceOf:
    """Return a function from arguments to the KMS key that one of them names; an alias is not a resource."""

    def resources(arguments: Arguments) -> Resources:
        text = arguments.literal(parameter)
        if text is not None and (":key/" in text or PLACEHOLDER.fullmatch(text)):
            return Resources((text,))
        if text is not None and "alias/" not in text:
            return Resources((arn("kms", f"key/{text}"),))
        note = f"{parameter} is an alias or computed at run time; IAM identifies keys by id"
        return Resources((arn("kms", "key/*"),), note)

    return resources


def model(arguments: Arguments) -> Resources:
    """Return the foundation model in `ModelId`, or the inference profile and the models that it calls.

    Source: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html.
    """
    text = arguments.literal("ModelId")
    models = f"{PARTITION}:bedrock:*::foundation-model/"
    if text is None:
        profiles = arn("bedrock", "inference-profile/*")
        return Resources((f"{models}*", profiles), "ModelId is computed at run time")
    profile = _INFERENCE_PROFILE.fullmatch(text)
    if profile:
        note = "an inference profile calls its model in several regions"
        found = text if is_arn(text) else arn("bedrock", f"inference-profile/{text}")
        return Resources((found, models + profile["model"]), note)
    if ":application-inference-profile/" in text:
        return Resources((text, f"{models}*"), "the definition does not specify the model of the inference profile")
    if is_arn(text):
        return Resources((text,))
    return Resources((f"{PARTITION}:bedrock:${{AWS::Region}}::foundation-model/{text}",))


def api_endpoint(arguments: Arguments) -> Resources:
    """Return the method of the API Gateway API that `apigateway:invoke` calls."""
    host = arguments.literal("ApiEndpoint")
    if host is None:
        return Resources((arn("execute-api", "*"),), "ApiEndpoint is computed at run time")
    stage = arguments.literal("Stage") or "*"
    method = arguments.literal("Method") or "*"
    path = (arguments.literal("Path") or "*").lstrip("/")
    return Resources((arn("execute-api", f"{host.partition('.')[0]}/{stage}/{method}/{path}"),))


def connection(arguments: Arguments) -> Resources:
    """Return the EventBridge connection of `http:invoke`."""
    text = arguments.nested("Authentication").literal("ConnectionArn") or arguments.nested("InvocationConfig").literal(
        "ConnectionArn"
    )
    if text is None:
        return Resources((arn("events", "connection/*"),), "ConnectionArn is computed at run time")
    return Resources((text,))
