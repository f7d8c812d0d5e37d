export { deployLocal, type StackOutputs, synthesiseLocal } from "./aws/deploy.ts";
export { startLocalMetrics } from "./aws/metrics.ts";
export { LOCAL_ACCOUNT, LOCAL_REGION, type LocalAws, localAwsEnvironment, startLocalAws } from "./aws/start.ts";
