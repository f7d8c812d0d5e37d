import type { Reason } from "./permissions.ts";

/** Granted to functions, not seen in the scenarios, and why it is granted all the same. The rest of what is granted was used. */
export const NOT_SEEN_IN_AWS: readonly Reason[] = [
  { use: /^\w+: logs:\w+ WriteLogs$/, why: "Lambda writes the log under the role; the local AWS does not ask for it." },
  {
    use: /^\w+: sqs:(ReceiveMessage|DeleteMessage|GetQueueAttributes) TakeMessages$/,
    why: "Lambda reads the queue under the role; the local AWS does not ask for it.",
  },
  {
    use: /^(register|reconcile|rollout): sqs:ChangeMessageVisibility TakeMessages$/,
    why: "A message that failed comes again after 10 s, 20 s, …: nothing failed here.",
  },
  { use: /^rollout: dynamodb:DeleteItem State$/, why: "Forgets work of a cluster that was deregistered meanwhile." },
  {
    use: /^dispatch: dynamodb:UpdateItem State$/,
    why: "Takes back work that is due: each worker posted its next here.",
  },
  {
    use: /^(register: dynamodb:DeleteItem State|reconcile: events:PutEvents ReportEvents)$/,
    why: "A deregistration is finished by register or, when a worker was still at work, by reconcile: by one of them.",
  },
];

/** The same for the shipped ClusterRoles. */
export const NOT_SEEN_IN_CLUSTER: readonly Reason[] = [
  { use: /^observe: get \/healthz$/, why: "Asked where the API server does not know /readyz." },
  { use: /^install: update customresourcedefinitions$/, why: "Brings an older definition of ours up to date." },
  {
    use: /^(guards|mirror-replicas|prepare-downscale): /,
    why: "For StatefulSets that are not to be scaled down, mirror a ReplicaTemplate, or whose pods are prepared: none here.",
  },
  {
    use: /^rollouts: (list persistentvolumeclaims|get persistentvolumes)$/,
    why: "Tells the zones of pods without a node, where one StatefulSet spans zones: here each zone has its own.",
  },
  { use: /^rollouts: list events$/, why: "Says why a missing pod is not created: here each is." },
  { use: /^rollouts: get controllerrevisions$/, why: "Reads the template to go back to, with onStall: Rollback." },
];
