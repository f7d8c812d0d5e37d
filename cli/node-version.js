// Plain JavaScript that every Node can read: loaded before the TypeScript entry points, which need Node 24.
const wanted = 24;
if (Number(process.versions.node.split(".")[0]) < wanted) {
  process.stderr.write(
    `outrigger: Node ${process.versions.node} is too old, ${wanted} or newer is needed. ` +
      "Install it; in a checkout, `npm ci` does so for the npm scripts: start with `npm run …`.\n",
  );
  process.exit(1);
}
