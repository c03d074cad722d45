import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");

/** Where the damaged entries of an operation are shown, if not in the file that calls it. */
const SHOWN_IN: Readonly<Record<string, string>> = {
  "GET /v1/me": "shell/Shell.tsx",
  "GET /v1/drafts/{draft_id}": "request/DraftScreen.tsx",
  "GET /v1/providers/requesting": "request-form/ProviderCards.tsx",
  "GET /v1/review/reviewers": "review/CaseActions.tsx",
  "GET /v1/requests": "requests/Rows.tsx",
  "GET /v1/requests/flagged": "home/Home.tsx",
  "POST /v1/patients/requests": "requests/Rows.tsx",
};

/** A new draft has no records that could be damaged. */
const NONE = ["POST /v1/drafts"];

interface Operation {
  responses: Record<string, { content?: Record<string, { schema?: { $ref?: string } }> }>;
}

interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { properties?: object }> };
}

const document: OpenApi = JSON.parse(readFileSync(join(ROOT, "../../docs/openapi.json"), "utf-8"));
const { schemas } = document.components;

function hasDamaged(operation: Operation): boolean {
  return Object.values(operation.responses).some(({ content }) => {
    const name = content?.["application/json"]?.schema?.$ref?.split("/").at(-1);
    return name !== undefined && "damaged" in (schemas[name]?.properties ?? {});
  });
}

const files = readdirSync(ROOT, { recursive: true, encoding: "utf-8" })
  .filter((name) => /\.tsx?$/.test(name) && !/\.test\.|schema\.ts/.test(name))
  .map((name) => [name, readFileSync(join(ROOT, name), "utf-8")] as const);

const called = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods)
    .filter(([, operation]) => operation.responses && hasDamaged(operation))
    .map(([method]) => ({ operation: `${method.toUpperCase()} ${path}`, method, path }))
    .map((one) => ({
      ...one,
      callers: files.filter(([, source]) =>
        new RegExp(`api\\.${one.method.toUpperCase()}\\(\\s*"${one.path}"`).test(source),
      ),
    }))
    .filter(({ operation, callers }) => callers.length > 0 && !NONE.includes(operation)),
);

test.each(called)("damaged entries are shown: $operation", ({ operation, callers }) => {
  const place = SHOWN_IN[operation];
  const shown = place ? files.filter(([name]) => name.endsWith(place)) : callers;
  expect(
    shown.filter(([, source]) => source.includes("<Damaged ")).map(([name]) => name),
  ).not.toEqual([]);
});

test("operations with damaged entries are found", () => {
  expect(called.length).toBeGreaterThan(20);
});
