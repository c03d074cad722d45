import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, mergeConfig } from "vitest/config";
import common from "./vite.config";

const TESTS = "src";
const files = readdirSync(TESTS, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.test\.tsx?$/.test(name))
  .map((name) => join(TESTS, name));

// A worker for each file takes five times as long as all tests. Only files that replace modules or globals
// through `vi` need one of their own.
const isolated = files.filter((file) => /\bvi\b/.test(readFileSync(file, "utf8")));

export default mergeConfig(
  common,
  defineConfig({
    test: {
      projects: [
        { extends: true, test: { name: "isolated", include: isolated } },
        {
          extends: true,
          test: { name: "shared", include: files, exclude: isolated, isolate: false },
        },
      ],
    },
  }),
);
