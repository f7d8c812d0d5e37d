"""Starts MiniStack 1.5.33 with a few corrections.

Its alarm evaluation ignores dimensions, periods and missing data: it is switched off here, and alarms.ts evaluates the
alarms as CloudWatch does. It counts errors of a function only when the function is invoked through the API: here every
invocation (queue, schedule, event) is counted, as on AWS.

Signatures and roles are enforced (AUTH=true). Batches of SQS need the permission of the single call then, as on AWS. Its
endpoint stands for one with TLS, which the policies of queues and buckets ask for; nothing leaves this machine. With
OUTRIGGER_IAM_LOG each decision about a principal is written there, one JSON object a line.

Functions run with a lower priority than MiniStack itself: on AWS a burst of cold starts does not slow down the table and
the queues, and here fifty of them on two cores would, until every request times out.

It gives a function's log some milliseconds to arrive once the function has answered; on a busy machine what came later was
in the log of the next invocation. A function writes its log before it answers: what is in the pipe then is all of it, unless
the function has written faster than it is read by more than a pipe holds (64 KB).

Its EKS knows no cluster that answers, and ARC zonal shift it does not know at all: with OUTRIGGER_EKS_ENDPOINT what it has
let pass is answered there.
"""

import json
import os
import re
import select
import subprocess
import threading
import types
import urllib.error
import urllib.parse
import urllib.request

from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.core.concurrency import run_reentrant
from ministack.services import cloudwatch, eks, lambda_svc

cloudwatch._evaluate_alarm = lambda alarm: None

emit_metrics = lambda_svc._emit_lambda_metrics
run_function = lambda_svc._execute_function_dispatch


def emit_throttles_only(function_name, duration_ms, error, throttle):
    if throttle and duration_ms == 0.0:  # told twice when invoked through the API
        emit_metrics(function_name, duration_ms, error, throttle)


def run_and_count(func, config, event, request_id, started):
    result = run_function(func, config, event, request_id, started)
    name = config.get("FunctionName", "unknown")
    failed = bool(result.get("error")) if isinstance(result, dict) else False
    emit_metrics(name, duration_ms=0.0, error=failed, throttle=False)
    return result


lambda_svc._emit_lambda_metrics = emit_throttles_only
lambda_svc._execute_function_dispatch = run_and_count

FUNCTION_NICENESS = 15


def start_function(*args, **kwargs):
    started = subprocess.Popen(*args, **kwargs)
    os.setpriority(os.PRIO_PROCESS, started.pid, FUNCTION_NICENESS)
    return started


lambda_runtime.subprocess = types.SimpleNamespace(**{**vars(subprocess), "Popen": start_function})



class FunctionLog:
    """The pipe a process of a function writes its log to. Whoever empties it holds the lock until the lines are told."""

    def __init__(self, process, lines):
        self.process = process
        self.lines = lines
        self.pipe = process.stderr  # Open as long as this is there, so that its number is nobody else's.
        self.lock = threading.Lock()
        self.begun = b""

    def has_arrived(self, within_ms=None):
        pipe = select.poll()
        pipe.register(self.pipe.fileno(), select.POLLIN)
        return pipe.poll(within_ms)

    def empty(self):
        """Tells every line that has arrived; False when no more can come."""
        with self.lock:
            while self.has_arrived(within_ms=0):
                arrived = os.read(self.pipe.fileno(), 65536)
                *whole, self.begun = (self.begun + arrived).split(b"\n")
                if not arrived and self.begun:
                    whole, self.begun = [self.begun], b""
                for line in whole:
                    self.lines.put(line.decode(errors="replace"))
                if not arrived:
                    return False
        return True

    def follow(self):
        while self.empty():
            self.has_arrived()


opening_log = threading.Lock()


def log_of(worker):
    with opening_log:
        log = getattr(worker, "function_log", None)
        if worker._proc is not None and (log is None or log.process is not worker._proc):
            log = worker.function_log = FunctionLog(worker._proc, worker._stderr_queue)
        return log


def read_whole_log(worker, **_waits):
    log = log_of(worker)
    if log is not None:
        log.empty()
    return worker._drain_stderr()


def follow_log(worker):
    log = log_of(worker)
    if log is not None:
        log.follow()


# A custom runtime writes its log as it likes.
lambda_runtime.ProvidedWorker._drain_stderr_bounded = lambda_runtime.Worker._drain_stderr_bounded
lambda_runtime.Worker._drain_stderr_bounded = read_whole_log
lambda_runtime.Worker._read_stderr = follow_log

action_of = iam_actions.extract_iam_action


def single_action_of(*args, **kwargs):
    action = action_of(*args, **kwargs)
    return action.removesuffix("Batch") if action and action.startswith("sqs:") else action


iam_actions.extract_iam_action = single_action_of

decide = iam_evaluator.evaluate
enforce = iam_evaluator.enforce
decisions = os.environ.get("OUTRIGGER_IAM_LOG")


def tell(principal, action, resource, sid, decision):
    line = {"principal": principal, "action": action, "resource": resource, "sid": sid, "decision": decision}
    with open(decisions, "a") as log:
        log.write(json.dumps(line) + "\n")


def decide_and_tell(ctx, policies, *limits):
    result = decide(ctx, policies, *limits)
    if result.decision == "Allow":  # One policy's silence is no refusal: enforce_and_tell tells those.
        tell(ctx.principal_arn, ctx.action, ctx.resource_arn, result.matched_sid, result.decision)
    return result


def enforce_and_tell(access_key_id, action, service, region, resource_arn="*", service_context=None):
    refusal = enforce(access_key_id, action, service, region, resource_arn, service_context)
    if refusal:
        principal = getattr(refusal, "principal_arn", access_key_id)
        tell(principal, action, resource_arn, "", getattr(refusal, "decision", "Unauthenticated"))
    return refusal


if decisions:
    iam_evaluator.evaluate = decide_and_tell
    iam_evaluator.enforce = enforce_and_tell

pin_origin = app.pin_request_origin
app.pin_request_origin = lambda source_ip, _secure: pin_origin(source_ip, True)

eks_endpoint = os.environ.get("OUTRIGGER_EKS_ENDPOINT")
dispatch = app._dispatch_service_request
SHIFTED = re.compile(r"/managedresources/(.+)")


def ask_eks(method, path, headers, body, query_params):
    query = urllib.parse.urlencode(query_params, doseq=True)
    url = f"{eks_endpoint}{path}{'?' if query else ''}{query}"
    passed = {name: headers[name] for name in ("authorization", "content-type") if name in headers}
    request = urllib.request.Request(url, data=body or None, headers=passed, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, dict(refusal.headers), refusal.read()


async def forward_to_eks(method, path, *rest):
    return await run_reentrant(ask_eks, method, urllib.parse.quote(path), *rest)


async def dispatch_with_arc(method, path, headers, body, query_params, request_id):
    if "/arc-zonal-shift/aws4_request" not in headers.get("authorization", ""):
        return await dispatch(method, path, headers, body, query_params, request_id)
    shifted = SHIFTED.fullmatch(path)
    if method != "GET" or not shifted:
        return 501, {}, b'{"message": "Of ARC, functions have GetManagedResource only."}'
    cluster = shifted[1]
    key, region = app.extract_access_key_id(headers, query_params), app.extract_region(headers)
    action, service = "arc-zonal-shift:GetManagedResource", "arc-zonal-shift"
    context = {"arc-zonal-shift:ResourceIdentifier": cluster}
    if iam_evaluator.enforce(key, action, service, region, service_context=context):
        message = json.dumps({"message": f"{key} is not authorized to perform: {action}"})
        return 403, {"x-amzn-errortype": "AccessDeniedException"}, message.encode()
    path = f"/managedresources/{urllib.parse.quote(cluster, safe='')}"
    return await run_reentrant(ask_eks, method, path, headers, body, query_params)


if eks_endpoint:
    eks.handle_request = forward_to_eks
    app._dispatch_service_request = dispatch_with_arc

app.main()
