import { defineConfig } from "vitest/config";

// The machine may be busy with other tests: seconds are no property of a test.
export default defineConfig({ test: { include: ["tests/**/*.test.ts"], environment: "node", testTimeout: 60_000 } });
