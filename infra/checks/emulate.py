"""Deploys the template with the packages on an emulator of AWS and lets a report flow through it.

Usage: emulate.py TEMPLATE PACKAGES PROGRAMS

What the emulator can't do is taken out of a copy of the template, and each change is told.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse

STACK = "saring"
REGION = "ap-southeast-3"
PACKAGES_BUCKET = "packages"
REGISTRY_BUCKET = "registry"
TEMPLATE_KEY = "template.json"
STAND_IN = "feed.zip"
START_SECONDS_MAX = 60
DEPLOY_SECONDS_MAX = 120
FLOW_SECONDS_MAX = 60
REPORTS = [
    "Lampu jalan di depan Pasar Johar Semarang mati tiga malam, mohon diperbaiki.",
    "Jalan di depan SD Negeri 2 Ngaliyan berlubang, tolong segera ditambal.",
    "Sampah di TPS Kelurahan Sampangan sudah seminggu tidak diangkut.",
]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def emulator(directory: str) -> Iterator[str]:
    """The address of an emulator that is stopped afterwards."""
    port = free_port()
    environment = os.environ | {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "TMPDIR": directory,
        "LAMBDA_STRICT": "0",
    }
    log_path = Path(directory, "emulator.log")
    endpoint = f"http://127.0.0.1:{port}"
    with log_path.open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "ministack"], env=environment, stdout=log, stderr=log)
        try:
            wait("the emulator", START_SECONDS_MAX, lambda: answers(endpoint, process))
            yield endpoint
        except BaseException:
            print("the emulator's last words:", *log_path.read_text().splitlines()[-40:], sep="\n", file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.wait(timeout=20)


def answers(endpoint: str, process: subprocess.Popen) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the emulator ended with {process.returncode}")
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=1) as response:
            return response.status == 200
    except OSError:
        return False


def wait(what: str, seconds_max: int, done: Callable[[], Any]) -> Any:
    """The first true value of `done`."""
    deadline = time.monotonic() + seconds_max
    while time.monotonic() < deadline:
        if value := done():
            return value
        time.sleep(0.3)
    raise TimeoutError(f"{what}: nothing in {seconds_max} s")


def with_numbers(value: Any, numbers: dict[str, int]) -> Any:
    """The value with the parameters in `numbers` in place of the references to them."""
    if isinstance(value, dict):
        if set(value) == {"Ref"} and value["Ref"] in numbers:
            return numbers[value["Ref"]]
        return {key: with_numbers(inner, numbers) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_numbers(inner, numbers) for inner in value]
    return value


def for_the_emulator(template: dict, packages: Path) -> list[str]:
    """Changes the template in place; returns what was changed and why."""
    told = []
    resources = template["Resources"]
    functions = {n: r["Properties"] for n, r in resources.items() if r["Type"] == "AWS::Serverless::Function"}
    missing = []
    for name, properties in functions.items():
        package = packages / Path(properties["CodeUri"]).name
        if not package.is_file():
            missing.append(name)
            package = packages / STAND_IN
        properties["CodeUri"] = {"Bucket": PACKAGES_BUCKET, "Key": package.name}
        properties.pop("DeploymentPreference", None)
        # The emulator's own addresses of its services.
        for service in ("DYNAMODB", "SQS"):
            properties["Environment"]["Variables"][f"AWS_ENDPOINT_URL_{service}"] = {"Ref": "EmulatorUrl"}
        variables = properties["Environment"]["Variables"]
        for variable, value in variables.items():
            if isinstance(value, str):
                variables[variable] = value.replace("/var/task/", "./")
        for event in properties["Events"].values():
            if event["Type"] == "HttpApi":
                event["Properties"].pop("Auth", None)
    computed = [n for n, r in resources.items() if r["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in r["Properties"]]
    for name in computed:
        del resources[name]
    told.append(f"{len(computed)} alarms are left out: the emulator has no metric math")
    for resource in resources.values():
        if resource["Type"] == "AWS::SecretsManager::Secret":
            del resource["Properties"]["GenerateSecretString"]
            resource["Properties"]["SecretString"] = secrets.token_hex(32)
    told.append("OriginalKey is made here: the emulator heeds no ExcludePunctuation")
    numbers = {n: p["Default"] for n, p in template["Parameters"].items() if p["Type"] == "Number"}
    for name, resource in resources.items():
        environment = resource["Properties"].get("Environment")
        resources[name] = with_numbers(resource, numbers)
        if environment:
            resources[name]["Properties"]["Environment"] = environment
    told.append("numbers stand in place of their parameters: the emulator would compare them as texts")
    template["Parameters"]["EmulatorUrl"] = {"Type": "String"}
    told.append("DeploymentPreference is left out: there is no CodeDeploy")
    told.append("AWS_ENDPOINT_URL_DYNAMODB and AWS_ENDPOINT_URL_SQS name the emulator")
    told.append("CodeUri names a bucket of the emulator, as `sam package` does")
    told.append("./ stands in place of /var/task/: the emulator unpacks elsewhere, and starts programs there")
    told.append("the routes' Auth is left out: there are no tokens")
    told.extend(f"{name} gets {STAND_IN}: it isn't built yet" for name in missing)
    return told


def deploy(client: Callable[[str], Any], template: dict, endpoint: str, architecture: str) -> dict[str, str]:
    """Creates the stack; returns the physical names of its resources."""
    cloudformation = client("cloudformation")
    client("s3").put_object(Bucket=PACKAGES_BUCKET, Key=TEMPLATE_KEY, Body=json.dumps(template).encode())
    cloudformation.create_change_set(
        StackName=STACK,
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateURL=f"{endpoint}/{PACKAGES_BUCKET}/{TEMPLATE_KEY}",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[
            {"ParameterKey": "Architecture", "ParameterValue": architecture},
            {"ParameterKey": "EmulatorUrl", "ParameterValue": endpoint},
        ],
    )
    change = {"StackName": STACK, "ChangeSetName": "first"}
    wait(
        "the change set",
        DEPLOY_SECONDS_MAX,
        lambda: settled(cloudformation.describe_change_set(**change), "CREATE_COMPLETE", "StatusReason"),
    )
    cloudformation.execute_change_set(**change)
    wait(
        "the stack",
        DEPLOY_SECONDS_MAX,
        lambda: settled(
            cloudformation.describe_stacks(StackName=STACK)["Stacks"][0],
            "CREATE_COMPLETE",
            "StackStatusReason",
        ),
    )
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    return {r["LogicalResourceId"]: r.get("PhysicalResourceId", "") for r in resources}


def settled(state: dict, good: str, reason: str) -> bool:
    status = state.get("StackStatus") or state["Status"]
    if "FAILED" in status or "ROLLBACK" in status:
        raise RuntimeError(f"{status}: {state.get(reason)}")
    return status == good


def call_route(client: Callable[[str], Any], function: str, method: str, path: str, body: str = "") -> dict:
    """What a web function answers to the gateway's event, version 2.0."""
    event = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "localhost"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "emulate",
            },
            "requestId": "1",
            "routeKey": f"{method} {path}",
            "stage": "$default",
            "time": "24/Nov/2026:00:00:00 +0000",
            "timeEpoch": 1795478400000,
        },
        "isBase64Encoded": False,
    } | ({"body": body} if body else {})
    answer = client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    payload = answer["Payload"].read()
    if "FunctionError" in answer:
        raise RuntimeError(f"{function}: {payload[:500]!r}")
    return json.loads(payload)


def item_bytes(item: dict) -> int:
    """What DynamoDB counts: names and values; a number takes about half its digits and one."""
    sizes = {"S": lambda v: len(v.encode()), "B": len, "N": lambda v: len(v) // 2 + 1}
    return sum(len(name) + sizes[kind](v) for name, value in item.items() for kind, v in value.items())


def print_sizes(items: list[dict]) -> None:
    """The average size of each kind of item: the inputs of `saring cost`."""
    kinds: dict[str, list[int]] = {}
    for item in items:
        kinds.setdefault(item["sk"]["S"].split("#")[0], []).append(item_bytes(item))
    print("bytes of an item:", ", ".join(f"{k} {sum(v) // len(v)}" for k, v in sorted(kinds.items())))


def flow(client: Callable[[str], Any], names: dict[str, str]) -> None:
    sqs = client("sqs")
    started = time.monotonic()
    for number, text in enumerate(REPORTS):
        body = json.dumps({"id": f"emulated-{number}", "text": text})
        sqs.send_message(QueueUrl=names["Reports"], MessageBody=body)
    accepted = call_route(client, names["Intake"], "POST", "/reports", json.dumps({"text": REPORTS[0] + " Lagi."}))
    assert accepted["statusCode"] == 202, accepted
    tracking = json.loads(accepted["body"])["tracking_id"]
    print(f"{len(REPORTS)} reports are on the queue, one more came through the intake")

    def cases() -> list[dict]:
        items = client("dynamodb").scan(TableName=names["Table"], ConsistentRead=True)["Items"]
        found = [item for item in items if item["sk"]["S"] == "case"]
        return found if len(found) == len(REPORTS) + 1 else []

    decided = wait("cases", FLOW_SECONDS_MAX, cases)
    print(f"{len(decided)} cases after {time.monotonic() - started:.1f} s:", *sorted(c["status"]["S"] for c in decided))
    print_sizes(client("dynamodb").scan(TableName=names["Table"])["Items"])
    public = [case for case in decided if "feed_pk" in case]
    feed = call_route(client, names["Feed"], "GET", "/feed.json")
    assert feed["statusCode"] == 200, feed
    items = json.loads(feed["body"])["items"]
    print(f"the feed shows {len(items)} of them")
    assert len(items) == len(public), (len(items), len(public))
    assert items, "none of the harmless reports was published"
    status = call_route(client, names["Intake"], "GET", f"/reports/{tracking}")
    assert status["statusCode"] == 200, status
    print("the tracking id leads to its report:", json.loads(status["body"])["status"])
    seen: set[str] = set()

    def decisions() -> set[str]:
        answer = sqs.receive_message(QueueUrl=names["Decisions"], MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            seen.add(json.loads(message["Body"])["case_id"])
        return seen if len(seen) == len(decided) else set()

    print(f"{len(wait('decisions', FLOW_SECONDS_MAX, decisions))} decisions are on their queue")
    for name in ("Sweep", "Verify"):
        answer = client("lambda").invoke(FunctionName=names[name], Payload=b"{}")
        assert "FunctionError" not in answer, (name, answer["Payload"].read()[:500])
        print(f"{name} ran")
    dead = sqs.get_queue_attributes(QueueUrl=names["ReportsDead"], AttributeNames=["ApproximateNumberOfMessages"])
    assert dead["Attributes"]["ApproximateNumberOfMessages"] == "0", dead["Attributes"]


def registry(client: Callable[[str], Any], endpoint: str, programs: Path) -> None:
    """The registry of bundles in a bucket, by the real command on a copy of the models."""
    s3 = client("s3")
    s3.create_bucket(Bucket=REGISTRY_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    place = f"s3://{REGISTRY_BUCKET}/models"
    with tempfile.TemporaryDirectory() as directory:
        models = Path(directory) / "models"
        shutil.copytree("models", models, ignore=shutil.ignore_patterns("training", "work"))
        variables = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_S3": endpoint,
            "SARING_MODELS": str(models),
        }

        def saring(*arguments: str) -> tuple[bool, str]:
            command = [programs / "saring", "model", *arguments, "--registry", place]
            done = subprocess.run(command, check=False, env=os.environ | variables, capture_output=True, text=True)
            return done.returncode == 0, done.stdout + done.stderr

        def succeed(*arguments: str) -> str:
            done, said = saring(*arguments)
            assert done, (arguments, said)
            return said

        versions = sorted(path.name for path in (models / "bundles").iterdir())
        bundle = tomllib.loads((models / "current.toml").read_text())["bundle"]
        other = next(version for version in versions if version != bundle)
        done, said = saring("publish", str(models / "bundles" / bundle))
        assert not done and "keeps no versions" in said, said
        s3.put_bucket_versioning(Bucket=REGISTRY_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        for version in (bundle, other):
            succeed("publish", str(models / "bundles" / version))
        succeed("publish", str(models / "bundles" / bundle))
        succeed("promote", other)
        succeed("promote", bundle)
        listed = succeed("list")
        assert f"* {bundle}" in listed and f"< {other}" in listed, listed
        assert bundle in succeed("show", bundle)
        assert "lexical.bin" in succeed("diff", bundle, other)
        succeed("rollback")
        key = "models/current.toml"
        said = s3.get_object(Bucket=REGISTRY_BUCKET, Key=key)["Body"].read().decode()
        assert tomllib.loads(said)["bundle"] == other, said
        assert tomllib.loads((models / "current.toml").read_text())["bundle"] == other
        kept = s3.list_object_versions(Bucket=REGISTRY_BUCKET, Prefix=key)["Versions"]
        assert len(kept) == 3, kept
        # Two people at once: whoever read an older state is told so.
        stale = kept[-1]["ETag"]
        try:
            s3.put_object(Bucket=REGISTRY_BUCKET, Key=key, Body=b"x", IfMatch=stale)
            raise AssertionError("the emulator takes a write on a stale state")
        except ClientError as error:
            assert error.response["Error"]["Code"] == "PreconditionFailed", error
        # Bytes that were changed in the bucket are refused.
        spoilt = f"models/bundles/{bundle}/tokenizer.json"
        s3.put_object(Bucket=REGISTRY_BUCKET, Key=spoilt, Body=b"{}")
        done, said = saring("promote", bundle)
        assert not done and "tokenizer.json" in said, said
    print("the registry in a bucket: published, promoted, rolled back; stale and changed states are refused")


def main() -> None:
    source, packages, programs = map(Path, sys.argv[1:])
    template = yaml_parse(source.read_text())
    with tempfile.TemporaryDirectory() as directory, emulator(directory) as endpoint:

        def client(service: str) -> Any:
            config = Config(retries={"max_attempts": 2}, read_timeout=120)
            keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
            return boto3.client(service, region_name=REGION, endpoint_url=endpoint, config=config, **keys)

        for told in for_the_emulator(template, packages):
            print("in the copy for the emulator:", told)
        s3 = client("s3")
        s3.create_bucket(Bucket=PACKAGES_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        for package in sorted(packages.glob("*.zip")):
            s3.put_object(Bucket=PACKAGES_BUCKET, Key=package.name, Body=package.read_bytes())
        started = time.monotonic()
        architecture = {"x86_64": "x86_64", "aarch64": "arm64"}[os.uname().machine]
        names = deploy(client, template, endpoint, architecture)
        print(f"deployed {len(names)} resources in {time.monotonic() - started:.1f} s")
        flow(client, names)
        registry(client, endpoint, programs)
    print("from package to a screened report: done")


main()
