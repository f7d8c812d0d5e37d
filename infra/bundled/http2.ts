/**
 * Stands in for `node:http2` in the bundles: undici loads it at start, though the connections to
 * API servers speak HTTP/1.1. This is what undici takes in a Node that was built without HTTP/2.
 */
export const constants = {};

/** As the SDK imports it, for a handler that the functions do not use. */
export default { constants };
