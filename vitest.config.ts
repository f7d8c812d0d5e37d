import { defineConfig } from "vitest/config";

const minuteMs = 60_000;

/** Suites that start processes of their own: one file at a time, with time to spare. */
const onRealParts = { testTimeout: 5 * minuteMs, hookTimeout: 20 * minuteMs };

export default defineConfig({
  test: {
    reporters: ["default", "./test/reporter.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/aws/**", "test/kubernetes/**", "test/e2e/**", "test/package/**"],
          testTimeout: 30_000,
          hookTimeout: minuteMs,
        },
      },
      { test: { name: "package", include: ["test/package/**/*.test.ts"], ...onRealParts } },
      { test: { name: "aws", include: ["test/aws/**/*.test.ts"], ...onRealParts } },
      { test: { name: "kubernetes", include: ["test/kubernetes/**/*.test.ts"], ...onRealParts } },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          ...onRealParts,
          testTimeout: 30 * minuteMs,
          maxConcurrency: 40,
        },
      },
    ],
  },
});
