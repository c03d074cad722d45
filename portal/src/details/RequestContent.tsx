/** What was requested, read only: providers and services with their words. */
import type { Schemas } from "../api/client";
import { formatDay } from "../format/dates";
import { formatAddress, formatTin } from "../format/identifiers";
import { text } from "../text";
import { Facts, Phone } from "../ui/parts";
import { medicationWords } from "./medication";

const words = text.details;

/** Labels of the content's codes, by JSON pointer. */
export type ContentLabels = Readonly<Record<string, string>>;

/** "K55 – Vascular disorders of intestine". */
export function coded(code: string | null | undefined, label: string | null | undefined): string {
  return [code, label].filter(Boolean).join(" – ");
}

/** "Allison Adams, born Jan 1, 1986, member ID 849382930". */
export function patientWords(patient: Schemas["Patient"] | null | undefined): string {
  return patient
    ? [
        `${patient.first_name} ${patient.last_name}`,
        text.provider.patient.born(formatDay(patient.date_of_birth)),
        text.provider.patient.memberId(patient.member_id),
      ].join(", ")
    : "";
}

export function ProviderFacts({ provider }: { provider: Schemas["Provider"] | null | undefined }) {
  if (!provider) {
    return null;
  }
  return (
    <>
      <p>
        <strong>{provider.name}</strong>
      </p>
      <Facts
        items={[
          [words.npi, provider.npi],
          [words.tin, formatTin(provider.tin)],
          [words.phone, provider.phone && <Phone number={provider.phone} />],
          [words.fax, provider.fax && <Phone number={provider.fax} />],
          [words.address, formatAddress(provider.address)],
        ]}
      />
    </>
  );
}

export function Providers({
  content,
  temporary = [],
}: {
  content: Schemas["RequestContent"];
  /** Providers that did not match the directory. */
  temporary?: readonly Schemas["TemporaryProviderResponse"][];
}) {
  return (
    <>
      <Parties content={content} />
      <Unmatched temporary={temporary} />
    </>
  );
}

/** Which providers do not match the directory, and why. */
export function Unmatched({
  temporary,
}: {
  temporary: readonly Schemas["TemporaryProviderResponse"][];
}) {
  return temporary.map((one) => (
    <p key={one.temporary_id} className="unmatched">
      {one.reconciled_at
        ? text.provider.content.reconciled(one.role_label)
        : text.provider.content.temporary(one.role_label, one.reason_codes_labels.join(", "))}
    </p>
  ));
}

function Parties({ content }: { content: Schemas["RequestContent"] }) {
  return (
    <div className="columns">
      <div>
        <h3>{words.requesting}</h3>
        <ProviderFacts provider={content.requesting_provider} />
      </div>
      <div>
        <h3>{words.servicing}</h3>
        <ProviderFacts provider={content.servicing_provider} />
      </div>
    </div>
  );
}

export function Services({
  content,
  labels,
}: {
  content: Schemas["RequestContent"];
  labels: ContentLabels;
}) {
  return (content.services ?? []).map((service, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: services have no id, and the list is read only.
    <section key={index} className="service">
      <h3>{words.service(index + 1)}</h3>
      <ServiceFacts service={service} labels={labels} at={`/services/${index}`} />
    </section>
  ));
}

function ServiceFacts({
  service,
  labels,
  at,
}: {
  service: Schemas["Service"];
  labels: ContentLabels;
  at: string;
}) {
  return (
    <>
      <Facts
        items={[
          [words.setting, labels[`${at}/authorization_type`] ?? service.authorization_type],
          [words.type, labels[`${at}/type_of_service`] ?? service.type_of_service],
          [words.place, labels[`${at}/place_of_service`] ?? service.place_of_service],
          [words.urgency, labels[`${at}/urgency`] ?? service.urgency],
          [words.admission, formatDay(service.admission_date)],
          [words.serviceDate, formatDay(service.service_date)],
          [words.days, service.requested_days],
          [words.diagnosis, coded(service.primary_diagnosis, labels[`${at}/primary_diagnosis`])],
          [
            words.otherDiagnoses,
            (service.additional_diagnoses ?? [])
              .map((code, index) => coded(code, labels[`${at}/additional_diagnoses/${index}`]))
              .join("; "),
          ],
          [words.medication, medicationWords(service.medication, labels, `${at}/medication`)],
        ]}
      />
      {(service.procedures ?? []).length > 0 && (
        <ul className="plain procedures">
          {(service.procedures ?? []).map((procedure, index) => {
            const here = `${at}/procedures/${index}`;
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: a code may stand twice.
              <li key={index}>
                <strong>
                  {[labels[`${here}/code_type`] ?? procedure.code_type, procedure.code]
                    .filter(Boolean)
                    .join(" ")}
                </strong>{" "}
                {labels[`${here}/code`]}
                <span className="small">
                  {[
                    (procedure.modifiers ?? []).length > 0 &&
                      `${words.modifiers} ${(procedure.modifiers ?? []).join(", ")}`,
                    procedure.units &&
                      `${labels[`${here}/unit_type`] ?? procedure.unit_type ?? words.units}: ${procedure.units}`,
                    formatDay(procedure.start_date),
                  ]
                    .filter(Boolean)
                    .map((part) => ` · ${part}`)
                    .join("")}
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </>
  );
}
