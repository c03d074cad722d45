import { expect, test } from "vitest";
import {
  type Content,
  emptyContent,
  emptyProvider,
  emptyService,
} from "../../request-form/content";
import { changesOf, merged } from "./diff";

function procedure(code: string, units: number | null) {
  return { code, code_type: null, modifiers: [], start_date: null, unit_type: null, units };
}

const base: Content = {
  ...emptyContent(null),
  servicing_provider: { ...emptyProvider(), provider_id: "P1", name: "One", phone: "2165550188" },
  services: [{ ...emptyService(), requested_days: 4, procedures: [procedure("44120", 1)] }],
};

function edited(update: (content: Content) => void): Content {
  const content = structuredClone(base);
  update(content);
  return content;
}

function service(content: Content) {
  const [first] = content.services;
  if (!first) {
    throw new Error("a service");
  }
  return first;
}

function pointers(ours: Content, theirs: Content): string[] {
  return changesOf(base, ours, theirs).map(({ pointer }) => pointer);
}

test("only what the other user changed, and we have otherwise, is a change", () => {
  const ours = edited((content) => {
    service(content).requested_days = 5;
  });
  const theirs = edited((content) => {
    service(content).urgency = "STANDARD";
  });
  expect(changesOf(base, ours, theirs)).toEqual([
    {
      pointer: "/services/0/urgency",
      base: null,
      ours: null,
      theirs: "STANDARD",
      both: false,
    },
  ]);
  expect(pointers(ours, ours)).toEqual([]);
});

test("what both changed is marked", () => {
  const ours = edited((content) => {
    service(content).procedures = [procedure("44120", 2)];
  });
  const theirs = edited((content) => {
    service(content).procedures = [procedure("44120", 3)];
  });
  expect(changesOf(base, ours, theirs)).toMatchObject([
    { pointer: "/services/0/procedures/0/units", ours: 2, theirs: 3, both: true },
  ]);
});

test("lists with other codes, and other providers, are one change", () => {
  const theirs = edited((content) => {
    service(content).procedures = [procedure("44140", 1)];
    content.servicing_provider = { ...emptyProvider(), provider_id: "P2", name: "Two" };
  });
  expect(pointers(base, theirs)).toEqual(["/services/0/procedures", "/servicing_provider"]);
});

test("the same provider is compared field by field", () => {
  const theirs = edited((content) => {
    if (content.servicing_provider) {
      content.servicing_provider.phone = "2165550100";
    }
  });
  expect(pointers(base, theirs)).toEqual(["/servicing_provider/phone"]);
});

test("chosen values are put together, and ours is not changed", () => {
  const ours = edited((content) => {
    service(content).requested_days = 5;
  });
  const theirs = edited((content) => {
    service(content).requested_days = 6;
    service(content).urgency = "EXPEDITED";
  });
  const changes = changesOf(base, ours, theirs);
  const result = merged(ours, changes, ({ both }) => (both ? "ours" : "theirs"));
  expect(service(result)).toMatchObject({ requested_days: 5, urgency: "EXPEDITED" });
  expect(service(ours).urgency).toBeNull();
});
