import { Duration } from "aws-cdk-lib";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

export interface FedQueueProps {
  /** Timeout of the function that reads it, seconds. */
  timeoutSeconds: number;
  /** Receives before a message goes to the dead-letter queue. */
  maxReceiveCount: number;
  /** How long a message waits at most, days. */
  retentionDays: number;
}

/** Lambda's own rule: long enough for a batch that is throttled and tried again. */
const VISIBILITY_PER_TIMEOUT = 6;
/** The longest SQS keeps a message: time for people to look. */
const DEAD_LETTER_RETENTION_DAYS = 14;

/**
 * A queue that feeds a function, with its dead-letter queue. Both refuse connections without TLS and encrypt with keys
 * SQS manages (SSE-SQS): EventBridge cannot write to a queue under the AWS-managed KMS key, and a key of our own would
 * cost a KMS request for each batch.
 */
export class FedQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: FedQueueProps) {
    super(scope, id);
    const common = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true };
    this.deadLetters = new Queue(this, "DeadLetters", {
      ...common,
      retentionPeriod: Duration.days(DEAD_LETTER_RETENTION_DAYS),
    });
    this.queue = new Queue(this, "Queue", {
      ...common,
      visibilityTimeout: Duration.seconds(VISIBILITY_PER_TIMEOUT * props.timeoutSeconds),
      retentionPeriod: Duration.days(props.retentionDays),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: props.maxReceiveCount },
    });
  }
}
