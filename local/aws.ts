export { deployLocal, type StackOutputs, synthesiseLocal } from "./aws/deploy.ts";
export { startLocalMetrics } from "./aws/metrics.ts";
export {
  LOCAL_ACCOUNT,
  LOCAL_REGION,
  type LocalAws,
  type LocalAwsOptions,
  localAwsEnvironment,
  startLocalAws,
} from "./aws/start.ts";
