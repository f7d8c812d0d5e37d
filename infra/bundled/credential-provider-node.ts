/**
 * Stands in for `@aws-sdk/credential-provider-node` in the bundles. Lambda hands a function its credentials in the
 * environment; the SDK's chain also carries profiles, single sign-on, web identities and the clients those need, which a
 * function never reaches.
 */
export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";
