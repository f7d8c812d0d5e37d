// Lint rules of our own.

// Files that decide get `now` as an argument. Parsing and formatting a given time stays allowed.
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

// Everything the functions are made of imports Zod as a namespace.
const zodMessage =
  'Write `import * as z from "zod"`: the bundler keeps all of Zod, every language of it, for the named `z`.';

const zodAsNamespace = {
  create: (context) => ({
    ImportDeclaration(node) {
      if (node.source.value !== "zod" || node.importKind === "type") return;
      const values = node.specifiers.filter(({ importKind }) => importKind !== "type");
      if (values.some(({ type }) => type !== "ImportNamespaceSpecifier")) context.report({ node, message: zodMessage });
    },
  }),
};

export default {
  meta: { name: "outrigger" },
  rules: { "no-clock": noClock, "zod-as-namespace": zodAsNamespace },
};
