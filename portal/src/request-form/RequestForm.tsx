/**
 * The form of a request: patient, providers and services. It does not depend on drafts: what it edits is a
 * `RequestContent`, with errors by the pointer into the body in which the content is sent.
 */
import { useEffect, useState } from "react";
import type { Schemas } from "../api/client";
import { formatDay } from "../format/dates";
import { text } from "../text";
import { Button } from "../ui/Button";
import { ErrorBanner } from "../ui/ErrorSummary";
import { type FieldErrors, fieldId, NO_ERRORS } from "../ui/errors";
import {
  DateField,
  FieldErrorText,
  FormErrors,
  GroupErrors,
  TextField,
  useFieldErrors,
  useHasErrors,
} from "../ui/fields";
import { Card, Facts } from "../ui/parts";
import { Region } from "../ui/Region";
import { useRemoval } from "../ui/Undo";
import {
  type Content,
  emptyService,
  isEntered,
  type Patient,
  type Provider,
  type Service,
} from "./content";
import { type FormField, type FormResponse, fieldNamed, settle, shownFields } from "./form";
import { type CodeWords, useCodeWords } from "./knownCodes";
import { RequestingProvider, ServicingProvider } from "./ProviderCards";
import { ServiceFields } from "./ServiceFields";
import { type Forms, useForms, useRequestFields } from "./useForms";
import "../styles/request-form.css";

const t = text.requestForm;

export type FormPart = "patient" | "servicing_provider" | "requesting_provider" | "services";
export type Update = (update: (before: Content) => Content) => void;

export interface RequestFormOptions {
  parts: readonly FormPart[];
  /** A check requires only what decides the requirements, a submission for everything. */
  stage: Schemas["Stage"];
  /** The pointer of the content in the body that is sent. */
  base: string;
  /** The name under which searches in progress are stored in the tab. */
  storeKey: string;
  /** Show the frequently selected providers, which the API lists for providers only. */
  frequent?: boolean;
  /** Show all fields of a service at once instead of a summary of what the check had. */
  open?: boolean;
}

export interface RequestFormProps {
  value: Content;
  onChange: Update;
  errors?: FieldErrors;
  options: RequestFormOptions;
}

export function RequestForm({ value, onChange, errors = NO_ERRORS, options }: RequestFormProps) {
  const { parts, base, storeKey } = options;
  const requestFields = useRequestFields();
  const provider = (role: Role) => ({
    pointer: `${base}/${role}`,
    field: fieldNamed(requestFields, role),
    value: value[role],
    storeKey: `${storeKey}.${role}`,
    frequent: options.frequent,
    onChange: (provider: Provider | null) =>
      onChange((before) => ({ ...before, [role]: provider })),
  });
  return (
    <FormErrors value={errors}>
      {parts.includes("patient") && (
        <Region>
          <PatientFields
            pointer={`${base}/patient`}
            value={value.patient}
            onChange={(patient) => onChange((before) => ({ ...before, patient }))}
          />
        </Region>
      )}
      {parts.includes("servicing_provider") && (
        <Region>
          <ServicingProvider {...provider("servicing_provider")} />
        </Region>
      )}
      {parts.includes("services") && (
        <Region>
          <Services value={value} onChange={onChange} options={options} />
        </Region>
      )}
      {parts.includes("requesting_provider") && (
        <Region>
          <RequestingProvider
            {...provider("requesting_provider")}
            servicing={value.servicing_provider}
          />
        </Region>
      )}
    </FormErrors>
  );
}

type Role = "servicing_provider" | "requesting_provider";

const EMPTY_PATIENT: Patient = { date_of_birth: "", first_name: "", last_name: "", member_id: "" };

/** The patient, for requests that are registered by the payer's staff. */
function PatientFields({
  pointer,
  value,
  onChange,
}: {
  pointer: string;
  value: Patient | null;
  onChange: (value: Patient) => void;
}) {
  const patient = value ?? EMPTY_PATIENT;
  const field = (name: keyof Patient) => ({
    pointer: `${pointer}/${name}`,
    label: t.patient[name],
    value: patient[name],
    onChange: (entry: string) => onChange({ ...patient, [name]: entry }),
  });
  return (
    <Card title={t.patientTitle}>
      <GroupErrors pointer={pointer} />
      <div className="form-grid">
        <TextField {...field("member_id")} />
        <DateField {...field("date_of_birth")} />
        <TextField {...field("last_name")} />
        <TextField {...field("first_name")} />
      </div>
    </Card>
  );
}

/** The services, each with the fields of its form. */
function Services({
  value,
  onChange,
  options,
}: {
  value: Content;
  onChange: Update;
  options: RequestFormOptions;
}) {
  const { services } = value;
  const forms = useForms(services);
  const words = useCodeWords(services);
  useSettled(services, forms, onChange);
  const pointer = `${options.base}/services`;
  const errors = useFieldErrors(pointer);
  const change = (index: number, service: Service) =>
    onChange((before) => ({
      ...before,
      services: before.services.map((one, at) => (at === index ? service : one)),
    }));
  const removal = useRemoval(
    services,
    (left) => onChange((before) => ({ ...before, services: left })),
    (_, index) => t.serviceRemoved(index + 1),
  );
  const last = services.at(-1);
  return (
    <div id={fieldId(pointer)} tabIndex={-1}>
      <FieldErrorText id={`${fieldId(pointer)}-error`} errors={errors} />
      {forms.error !== null && <ErrorBanner error={forms.error} onRetry={forms.retry} />}
      {services.map((service, index) => (
        <ServiceCard
          // biome-ignore lint/suspicious/noArrayIndexKey: a service has no other identity.
          key={`${removal.generation} ${index}`}
          index={index}
          pointer={`${pointer}/${index}`}
          service={service}
          form={forms.forms[index]}
          words={words}
          options={options}
          onChange={(changed) => change(index, changed)}
          onRemove={services.length > 1 ? () => removal.remove(index) : undefined}
        />
      ))}
      {removal.notice}
      {options.stage === "SUBMISSION" && last && isEntered(last) && (
        <AddService
          onAdd={() =>
            onChange((before) => ({ ...before, services: [...before.services, emptyService()] }))
          }
        />
      )}
    </div>
  );
}

export function AddService({ onAdd }: { onAdd: () => void }) {
  return (
    <p>
      <Button onClick={onAdd}>{t.addService}</Button>{" "}
      <span className="small">{t.addServiceHint}</span>
    </p>
  );
}

/** Values that no longer belong are cleared, and single choices are made, when a form arrives. */
export function useSettled(services: readonly Service[], { forms }: Forms, onChange: Update): void {
  useEffect(() => {
    const settled = services.map((service, index) => {
      const form = forms[index];
      return form ? settle(service, form) : service;
    });
    if (settled.some((service, index) => service !== services[index])) {
      onChange((before) =>
        // Only for the services that the forms belong to.
        before.services === services ? { ...before, services: settled } : before,
      );
    }
  });
}

interface ServiceCardProps {
  index: number;
  pointer: string;
  service: Service;
  form: FormResponse | undefined;
  words: CodeWords;
  options: RequestFormOptions;
  onChange: (service: Service) => void;
  onRemove: (() => void) | undefined;
}

function ServiceCard({
  index,
  pointer,
  service,
  form,
  words,
  options,
  onChange,
  onRemove,
}: ServiceCardProps) {
  const { stage, open = false } = options;
  const fields = form ? shownFields(form, stage, service) : [];
  const [editing, edit] = useState(false);
  const summary = fields.filter(
    (field) => field.required_for === "CHECK" && (field.kind === "CHOICE" || field.kind === "DAY"),
  );
  const incorrect = useHasErrors(summary.map((field) => `${pointer}/${field.name}`));
  const complete = summary.every((field) => service[field.name as keyof Service]);
  const inSummary = new Set(summary.map((field) => field.name));
  const summarized = stage === "SUBMISSION" && !open && !editing && complete && !incorrect;
  const show = summarized && form !== undefined;
  const props = { pointer, service, form, stage, words, onChange };
  return (
    <Card
      title={t.service(index + 1)}
      actions={
        <span className="card-actions">
          {show && (
            <Button look="quiet" aria-label={t.editService(index + 1)} onClick={() => edit(true)}>
              {text.common.edit}
            </Button>
          )}
          {onRemove && (
            <Button look="quiet" aria-label={t.removeService(index + 1)} onClick={onRemove}>
              {text.common.remove}
            </Button>
          )}
        </span>
      }
    >
      <GroupErrors pointer={pointer} />
      {show ? (
        <>
          <Facts items={summary.map((field) => [field.label, wordsOf(field, service)] as const)} />
          <ServiceFields {...props} only={(field) => !inSummary.has(field.name)} />
        </>
      ) : (
        <ServiceFields {...props} />
      )}
    </Card>
  );
}

/** The value of a field in words. */
export function wordsOf(field: FormField, service: Service): string {
  const value = String(service[field.name as keyof Service] ?? "");
  return field.kind === "DAY"
    ? formatDay(value)
    : (field.choices.find((choice) => choice.code === value)?.name ?? value);
}
