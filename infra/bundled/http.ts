import process from "node:process";

/**
 * Stands in for `node:http` in the bundles. An `import` of it reads all it exports, and with them loads the parts of Node
 * behind `fetch` and `WebSocket`, which the functions do not use. Taken so, it is the module itself.
 */
const http = process.getBuiltinModule("node:http");

// What the bundled packages name.
export const { Agent, IncomingMessage, maxHeaderSize, request, STATUS_CODES } = http;
export default http;
