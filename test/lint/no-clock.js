// A lint rule of our own: files that decide get `now` as an argument. Parsing and formatting a given time stays allowed.
const message = "`now` is an argument: the cluster's own clock (observedAt) is the only one a planner knows.";

const isDate = (node) => node.type === "Identifier" && node.name === "Date";

const noClock = {
  create: (context) => ({
    NewExpression(node) {
      if (isDate(node.callee) && node.arguments.length === 0) context.report({ node, message });
    },
    CallExpression(node) {
      const { callee } = node;
      const now = callee.type === "MemberExpression" && isDate(callee.object) && callee.property.name === "now";
      if (now || isDate(callee)) context.report({ node, message });
    },
  }),
};

export default { meta: { name: "outrigger" }, rules: { "no-clock": noClock } };
