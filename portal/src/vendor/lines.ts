/** The service lines of a delegated request. Its content has the vendor's lines only, in their order. */
import type { Schemas } from "../api/client";
import type { CodeLists } from "../api/queries";
import { type LineView, lineViews, type Position } from "../provider/requests/details/lines";

type Content = Schemas["RequestContent"];

/** Where each line is in the content: the content is filtered, and the line's id counts all lines. */
export function positionsOf(
  lines: readonly Pick<Schemas["ServiceLineResponse"], "line_id">[],
  content: Content,
): ReadonlyMap<string, Position> {
  const positions = content.services.flatMap((one, service) =>
    // A stay without a procedure is one line.
    (one.procedures.length > 0 ? one.procedures : [null]).map((_, procedure) => ({
      service,
      procedure,
    })),
  );
  const ordered = lines.map((one) => one.line_id).sort(byNumbers);
  return new Map(
    ordered.flatMap((id, index) => {
      const position = positions[index];
      return position === undefined ? [] : [[id, position] as const];
    }),
  );
}

/** "1.10" comes after "1.9". */
function byNumbers(one: string, other: string): number {
  const [left = [], right = []] = [one, other].map((id) => id.split(".").map(Number));
  return (left[0] ?? 0) - (right[0] ?? 0) || (left[1] ?? 0) - (right[1] ?? 0);
}

/** The numbers of the services in the whole request, by which the ids of the lines count. */
export function serviceNumbers(
  lines: readonly Pick<Schemas["ServiceLineResponse"], "line_id">[],
): readonly number[] {
  return [...new Set(lines.map(({ line_id }) => Number.parseInt(line_id, 10)))].sort(
    (one, other) => one - other,
  );
}

/** Which list has the words of a service's code. */
const LISTS = {
  authorization_type: "authorization_types",
  type_of_service: "types_of_service",
  place_of_service: "places_of_service",
  urgency: "urgencies",
} as const;

/** The words of the content's codes by JSON pointer, from the code lists. */
export function labelsOf(
  content: Content,
  lists: CodeLists | undefined,
  lines: readonly Schemas["ServiceLineResponse"][] = [],
): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  const set = (pointer: string, list: string, code: string | null) => {
    const label = lists?.get(list)?.find((one) => one.code === code)?.label;
    if (label !== undefined) {
      labels[pointer] = label;
    }
  };
  for (const [index, service] of content.services.entries()) {
    for (const [field, list] of Object.entries(LISTS)) {
      set(`/services/${index}/${field}`, list, service[field as keyof typeof LISTS]);
    }
    for (const [at, procedure] of service.procedures.entries()) {
      set(`/services/${index}/procedures/${at}/unit_type`, "unit_types", procedure.unit_type);
    }
    if (service.medication) {
      const { frequency, route } = service.medication;
      set(`/services/${index}/medication/frequency`, "frequencies", frequency);
      set(`/services/${index}/medication/route`, "routes", route);
    }
  }
  set("/purpose", "purposes", content.purpose);
  for (const part of ["servicing_provider", "requesting_provider"] as const) {
    set(`/${part}/kind`, "provider_kinds", content[part]?.kind ?? null);
  }
  // Diagnoses have their words with the lines.
  const positions = positionsOf(lines, content);
  for (const line of lines) {
    const index = positions.get(line.line_id)?.service;
    if (index !== undefined && line.submitted_diagnosis_label) {
      labels[`/services/${index}/primary_diagnosis`] = line.submitted_diagnosis_label;
    }
  }
  return labels;
}

export function vendorViews(
  details: Pick<Schemas["DelegatedRequestResponse"], "lines" | "content">,
  labels: Readonly<Record<string, string>>,
): readonly LineView[] {
  const positions = positionsOf(details.lines, details.content);
  // What providers read of an open line, "contact payer", does not concern the vendor.
  const lines = details.lines.map((line) =>
    line.status === "OPEN" ? { ...line, review_action: null } : line,
  );
  return lineViews(lines, details.content, labels, (id) => positions.get(id));
}
