"""Starts MiniStack 1.5.33 with a few corrections.

Its alarm evaluation ignores dimensions, periods and missing data: it is switched off here, and alarms.ts evaluates the
alarms as CloudWatch does. It counts errors of a function only when the function is invoked through the API: here every
invocation (queue, schedule, event) is counted, as on AWS.

SIGUSR1 turns on the verification of signatures and roles: with AUTH=true from the start, the CDK cannot publish assets.
Batches of SQS need the permission of the single call then, as on AWS. With OUTRIGGER_IAM_LOG each decision about a role
is written there, one JSON object a line.
"""

import json
import os
import signal

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import cloudwatch, lambda_svc

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

action_of = iam_actions.extract_iam_action


def single_action_of(*args, **kwargs):
    action = action_of(*args, **kwargs)
    return action.removesuffix("Batch") if action and action.startswith("sqs:") else action


iam_actions.extract_iam_action = single_action_of

decide = iam_evaluator.evaluate
decisions = os.environ.get("OUTRIGGER_IAM_LOG")


def decide_and_tell(ctx, policies, *limits):
    result = decide(ctx, policies, *limits)
    line = {"principal": ctx.principal_arn, "action": ctx.action, "resource": ctx.resource_arn}
    with open(decisions, "a") as log:
        log.write(json.dumps({**line, "sid": result.matched_sid, "decision": result.decision}) + "\n")
    return result


if decisions:
    iam_evaluator.evaluate = decide_and_tell

signal.signal(signal.SIGUSR1, lambda *_: setattr(app, "AUTH", True))

app.main()
