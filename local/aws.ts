export { type DeployOptions, deployLocal, type StackOutputs } from "./aws/deploy.ts";
export { type LocalMetricsOptions, startLocalMetrics } from "./aws/metrics.ts";
export { stopProcessGroup } from "./aws/process.ts";
export {
  LOCAL_ACCOUNT,
  LOCAL_REGION,
  type LocalAws,
  type LocalAwsOptions,
  localAwsEnvironment,
  startLocalAws,
} from "./aws/start.ts";
