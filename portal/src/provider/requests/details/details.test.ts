import { beforeAll, describe, expect, test } from "vitest";
import type { Schemas } from "../../../api/client";
import { setConfig } from "../../../config";
import { actionOf, dialogOf, furtherDocuments, isOffered, labelOf, openLines } from "./actions";
import { detailChanges, furtherNotices } from "./changes";
import { indexesOf, lineViews } from "./lines";
import { timeline } from "./timeline";

type Details = Schemas["RequestDetails"];

beforeAll(() =>
  setConfig({
    authority: "",
    client_id: "",
    scope: "",
    stage: "test",
    payer: { name: "Plan", phone: null, time_zone: "America/New_York", logo: null },
  }),
);

const NOW = new Date("2026-12-05T00:00:00Z");

function entry(values: Partial<Schemas["HistoryEntry"]>): Schemas["HistoryEntry"] {
  return {
    at: "2026-12-01T15:00:00Z",
    cycle: 1,
    document_id: null,
    status: "PENDING",
    status_label: "Pending",
    type: "RequestPended",
    type_label: "Pended for clinical review",
    until: null,
    waiting_on: "PAYER",
    waiting_on_label: "Payer",
    waiting_since: "2026-12-01T15:00:00Z",
    ...values,
  };
}

function details(values: Partial<Details>): Details {
  const empty: Partial<Details> = {
    status: "PENDING",
    status_label: "Pending",
    waiting_on: "PAYER",
    waiting_on_label: "Payer",
    allowed_actions: [],
    allowed_actions_labels: [],
    appeal_rights: null,
    appeals: [],
    determination_notices: [],
    dispute_options: [],
    documents: [],
    history: [],
    information_requests: [],
    peer_to_peer_discussions: [],
    reconsiderations: [],
  };
  return { ...empty, ...values } as Details;
}

const rfi = {
  answer: null,
  answer_by: "2026-12-10T00:00:00Z",
  answered: false,
  closed_at: null,
  documents: [],
  requested_at: "2026-12-01T00:00:00Z",
  text: "Send the operative plan.",
};

describe("timeline", () => {
  test("the newest event is first, with what changed at it", () => {
    const [group] = timeline(
      details({
        history: [
          entry({
            type: "RequestSubmitted",
            type_label: "Request submitted",
            status: "PROCESSING",
            status_label: "Processing",
          }),
          entry({ at: "2026-12-01T15:00:04Z", until: "2026-12-08T15:00:00Z" }),
          entry({
            at: "2026-12-01T16:00:00Z",
            until: "2026-12-08T15:00:00Z",
            type: "DocumentAttached",
            type_label: "Document attached",
            document_id: "D1",
          }),
        ],
        documents: [{ document_id: "D1", file_name: "plan.pdf" } as Schemas["DocumentResponse"]],
      }),
      NOW,
    );
    expect(group?.entries.map((one) => [one.title, ...one.details])).toEqual([
      ["Document attached", "plan.pdf"],
      [
        "Pended for clinical review",
        "Status: Pending",
        "Waiting on Payer until Tue, Dec 8, 10:00 AM EST",
      ],
      ["Request submitted", "Status: Processing", "Waiting on Payer"],
    ]);
  });

  test("each cycle has its own group, the latest first", () => {
    const groups = timeline(
      details({
        history: [0, 1, 2, 3].map((cycle) => entry({ cycle, at: `2026-12-0${cycle + 1}T00:00Z` })),
        appeals: [{ cycle: 3, level: 1 } as Schemas["AppealResponse"]],
        reconsiderations: [{ cycle: 2 } as Schemas["DisputeResponse"]],
      }),
      NOW,
    );
    expect(groups.map((one) => one.title)).toEqual([
      "Appeal, level 1",
      "Reconsideration",
      "Initial determination",
      "Draft",
    ]);
  });
});

test("a cycle that an update began is not named as the first one", () => {
  const groups = timeline(
    details({
      history: [
        entry({ cycle: 1, at: "2026-12-01T00:00Z" }),
        entry({ cycle: 2, at: "2026-12-02T00:00Z", type: "RequestAmended" }),
        entry({ cycle: 2, at: "2026-12-02T00:01Z" }),
      ],
    }),
    NOW,
  );
  expect(groups.map((one) => one.title)).toEqual([
    "Determination after the update",
    "Initial determination",
  ]);
});

describe("lines", () => {
  const content = {
    services: [
      {
        admission_date: "2026-12-15",
        requested_days: 4,
        procedures: [
          { code: "44120", units: 2, unit_type: "UNITS", modifiers: ["50"], start_date: null },
        ],
      },
      { admission_date: "2026-12-20", requested_days: 3, procedures: [] },
    ],
  } as unknown as Schemas["RequestContent"];

  function line(values: Partial<Schemas["ServiceLineResponse"]>): Schemas["ServiceLineResponse"] {
    const whole: Partial<Schemas["ServiceLineResponse"]> = {
      line_id: "1.1",
      code: "44120",
      code_label: "Enterectomy",
      code_type_label: "CPT",
      approved: null,
      decisions: [],
      submitted_diagnosis: "K55",
      submitted_diagnosis_label: "Vascular disorders of intestine",
      adjudicated_diagnosis: "K55",
      adjudicated_diagnosis_label: "Vascular disorders of intestine",
      ...values,
    };
    return whole as Schemas["ServiceLineResponse"];
  }

  test("what was requested is found by the line's id", () => {
    expect(indexesOf("2.3")).toEqual({ service: 1, procedure: 2 });
    const labels = { "/services/0/procedures/0/unit_type": "Units" };
    const [view, stay] = lineViews(
      [line({}), line({ line_id: "2.1", code: null, code_label: null })],
      content,
      { ...labels, "/services/1/type_of_service": "Medical Inpatient" },
    );
    expect(view?.title).toBe("CPT 44120 – Enterectomy");
    expect(view?.requested).toBe("Units: 2, modifiers 50, Dec 15, 2026");
    expect(stay?.title).toBe("Medical Inpatient");
    expect(stay?.requested).toBe("3 days, Dec 20, 2026");
  });

  test("nothing is approved only after a decision; before it, nothing is said", () => {
    const denial = { status: "DENIED" } as Schemas["DecisionResponse"];
    const [open, denied] = lineViews(
      [line({ approved: null }), line({ approved: null, decisions: [denial] })],
      content,
      {},
    );
    expect([open?.approved, denied?.approved]).toEqual(["", "None"]);
  });

  test("the last decision applies, and another diagnosis shows both", () => {
    const decision = (status: Schemas["LineStatus"]) => ({ status }) as Schemas["DecisionResponse"];
    const [view] = lineViews(
      [
        line({
          decisions: [decision("DENIED"), decision("APPROVED")],
          adjudicated_diagnosis: "K56",
          adjudicated_diagnosis_label: "Ileus",
          approved: {
            code: "44120",
            from_date: "2026-12-15",
            to_date: "2026-12-18",
            unit_type: "UNITS",
            unit_type_label: "Units",
            units: 1,
          },
        }),
      ],
      content,
      {},
    );
    expect(view?.decision?.status).toBe("APPROVED");
    expect(view?.earlier.map((one) => one.status)).toEqual(["DENIED"]);
    expect(view?.approved).toBe("Units: 1, Dec 15 – 18, 2026");
    expect(view?.otherDiagnosis).toEqual({
      submitted: "K55 – Vascular disorders of intestine",
      adjudicated: "K56 – Ileus",
    });
  });
});

describe("actions", () => {
  const denied = details({
    allowed_actions: ["DETAILS", "APPEAL"],
    allowed_actions_labels: ["Details", "Appeal"],
    dispute_options: [
      { option: "APPEAL", line_ids: ["1.2"] } as Schemas["DisputeOptionResponse"],
      { option: "EXTERNAL_REVIEW", line_ids: ["1.2"] } as Schemas["DisputeOptionResponse"],
    ],
  });

  test("only what the API allows is offered, for the lines that it names", () => {
    expect(labelOf(denied, "APPEAL")).toBe("Appeal");
    expect(labelOf(denied, "VOID")).toBeNull();
    expect(openLines(denied, "APPEAL")).toEqual(["1.2"]);
    expect(openLines(denied, "RECONSIDER")).toEqual([]);
    expect(isOffered(denied, "RECONSIDER")).toBe(false);
    expect(actionOf("EXTERNAL_REVIEW")).toBeNull();
  });

  test("an answer is offered while a request for information is open", () => {
    const open = details({ allowed_actions: ["MODIFY"], information_requests: [rfi] });
    expect(isOffered(open, "ANSWER")).toBe(true);
    const closed = { ...rfi, closed_at: "2026-12-02T00:00:00Z", answered: true };
    expect(isOffered({ ...open, information_requests: [closed] }, "ANSWER")).toBe(false);
    expect(isOffered({ ...open, allowed_actions: [] }, "ANSWER")).toBe(false);
  });

  test("a document that the text names already is not listed again", () => {
    const documents = [
      { code: "PLAN", label: "Operative plan" },
      { code: "NOTES", label: "Office visit notes" },
    ];
    const named = { text: "Operative plan\nPlease send it.", documents };
    expect(furtherDocuments(named).map((one) => one.code)).toEqual(["NOTES"]);
    expect(furtherDocuments({ text: null, documents })).toEqual(documents);
  });

  test("a link opens a dialog by its name, and nothing else does", () => {
    expect(dialogOf("appeal")).toBe("APPEAL");
    expect(dialogOf("modify")).toBe("ANSWER");
    expect(dialogOf("decide")).toBeNull();
    expect(dialogOf(null)).toBeNull();
  });
});

test("a notice that is the text of an option is shown once", () => {
  const option = { text: "You can appeal." } as Schemas["DisputeOptionResponse"];
  const shown = { notices: ["You can appeal.", "No guarantee."], dispute_options: [option] };
  expect(furtherNotices(shown)).toEqual(["No guarantee."]);
});

describe("changes to announce", () => {
  const document = (status: Schemas["DocumentStatus"], label: string) =>
    ({
      document_id: "D1",
      file_name: "plan.pdf",
      status,
      status_label: label,
    }) as Schemas["DocumentResponse"];

  test("nothing is announced that is as before", () => {
    expect(detailChanges(details({}), details({ due_at: "2026-12-09T00:00:00Z" }))).toEqual([]);
  });

  test("status, turn, questions, documents and notices are announced", () => {
    const before = details({ documents: [document("CHECKING", "Checking")] });
    expect(
      detailChanges(
        before,
        details({
          waiting_on: "PROVIDER",
          waiting_on_label: "Provider",
          information_requests: [rfi],
          documents: [document("ATTACHED", "Attached")],
        }),
      ),
    ).toEqual(["Waiting on: Provider.", "The payer requests information.", "plan.pdf: Attached."]);
    expect(
      detailChanges(
        before,
        details({ ...before, status: "DENIED", status_label: "Denied", waiting_on: "NONE" }),
      ),
    ).toEqual(["Status: Denied."]);
  });
});
