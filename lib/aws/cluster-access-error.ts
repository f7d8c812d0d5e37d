/** CamelCase, also condition reasons. */
export type ClusterAccessReason =
  | "ClusterUnknown"
  | "ClusterNotActive"
  | "AccessDenied"
  | "IdentityChanged"
  | "EndpointRefused"
  | "KubeconfigRefused"
  | "SecretUnavailable"
  | "AwsUnavailable";

/** AWS or the kubeconfig gave no access to a cluster. The message names object, cause and next step. */
export class ClusterAccessError extends Error {
  override readonly name = "ClusterAccessError";
  readonly reason: ClusterAccessReason;

  constructor(reason: ClusterAccessReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }

  /** Whether asking again by itself may help. */
  get passing(): boolean {
    return this.reason === "AwsUnavailable";
  }
}

/** @returns the AWS error code, e.g. `AccessDeniedException`; "" for what is no AWS error. */
export function awsErrorCode(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

const DENIED =
  /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|UnrecognizedClientException|InvalidClientTokenId)$/;

/** @returns whether AWS refused the caller, as opposed to being unable to answer. */
export function isDenied(error: unknown): boolean {
  return DENIED.test(awsErrorCode(error));
}

/** What AWS said about a call to it. */
export function awsCause(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** @returns why AWS gave no access: it refused the caller, and then `nextStep` says what to do, or cannot answer for now. */
export function accessFailure(error: unknown, what: string, nextStep: string): ClusterAccessError {
  if (isDenied(error)) {
    return new ClusterAccessError("AccessDenied", `${what} (${awsCause(error)}); ${nextStep}`, { cause: error });
  }
  return new ClusterAccessError("AwsUnavailable", `${what} for now (${awsCause(error)})`, { cause: error });
}
