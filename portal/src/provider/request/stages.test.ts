import { expect, test } from "vitest";
import { emptyContent, emptyProvider, emptyService } from "../../request-form/content";
import type { FormResponse } from "../../request-form/form";
import { ALL_COMPLETE, completeSections, currentSection, stagesOf } from "./stages";

const form: FormResponse = {
  fields: [],
  later: [],
  max_codes: 100,
  not_shown: [],
  request_fields: [],
};
const entered = { ...emptyService(), urgency: "STANDARD" as const };
const content = {
  ...emptyContent(),
  servicing_provider: emptyProvider(),
  services: [entered, entered],
};
const progress = { content, forms: [form, form], documents: 0, incorrect: [] };

test("the first part that lacks something is the current one, the documents come last", () => {
  const complete = completeSections(progress);
  expect(complete).toEqual({
    servicing_provider: true,
    services: true,
    requesting_provider: false,
    documents: false,
  });
  expect(currentSection(complete)).toBe("requesting_provider");
  expect(currentSection({ ...complete, requesting_provider: true })).toBe("documents");
});

test("a part with an error, or a service whose form is not there yet, is not complete", () => {
  const incorrect = ["/content/services/1/procedures/0/units"];
  expect(completeSections({ ...progress, incorrect }).services).toBe(false);
  expect(completeSections({ ...progress, incorrect }).servicing_provider).toBe(true);
  expect(completeSections({ ...progress, forms: [form, undefined] }).services).toBe(false);
  expect(completeSections({ ...progress, content: emptyContent() }).services).toBe(false);
});

test("all stages from the check to the number are shown, and complete once it is submitted", () => {
  const before = stagesOf(completeSections(progress), {});
  expect(before.map((one) => one.key)).toEqual([
    ...["check", "servicing_provider", "services", "requesting_provider"],
    ...["documents", "review", "submitted"],
  ]);
  expect(before.filter((one) => one.done).map((one) => one.key)).toEqual([
    ...["check", "servicing_provider", "services"],
  ]);
  expect(stagesOf(ALL_COMPLETE, {}, true).every((one) => one.done)).toBe(true);
});
