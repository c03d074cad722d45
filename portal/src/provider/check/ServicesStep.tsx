import { useState } from "react";
import type { ErrorItem } from "../../api/client";
import { formatDay } from "../../format/dates";
import {
  type Content,
  emptyService,
  isEntered,
  type Service,
  serviceDay,
} from "../../request-form/content";
import { allFields, type FormResponse, fieldNamed, shownFields } from "../../request-form/form";
import { type CodeWords, useCodeWords } from "../../request-form/knownCodes";
import { ProviderFacts } from "../../request-form/ProviderParts";
import { AddService, type Update, useSettled, wordsOf } from "../../request-form/RequestForm";
import { ServiceFields } from "../../request-form/ServiceFields";
import { useForms } from "../../request-form/useForms";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { ErrorBanner } from "../../ui/ErrorSummary";
import { GroupErrors } from "../../ui/fields";
import { Card, Facts } from "../../ui/parts";
import { Region } from "../../ui/Region";
import { useRemoval } from "../../ui/Undo";

const t = text.provider.check;
const POINTER = "/content/services";

/** Step 2: the services. One is edited at a time; the others are shown to look over. */
export function ServicesStep({
  content,
  errors,
  onChange,
  onServicing,
  onCheck,
  checking,
}: {
  content: Content;
  errors: readonly ErrorItem[];
  onChange: Update;
  onServicing: () => void;
  onCheck: () => void;
  checking: boolean;
}) {
  const { services, servicing_provider } = content;
  const forms = useForms(services);
  const words = useCodeWords(services);
  useSettled(services, forms, onChange);
  const [editing, edit] = useState<number | null>(services.length === 1 ? 0 : null);
  const change = (index: number, service: Service) =>
    onChange((before) => ({
      ...before,
      services: before.services.map((one, at) => (at === index ? service : one)),
    }));
  const incorrect = (index: number) =>
    errors.some(({ pointer }) => `${pointer}/`.startsWith(`${POINTER}/${index}/`));
  const removal = useRemoval(
    services,
    (left) => {
      onChange((before) => ({ ...before, services: left }));
      edit(null);
    },
    (_, index) => text.requestForm.serviceRemoved(index + 1),
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!checking) {
          onCheck();
        }
      }}
    >
      {servicing_provider && (
        <Card
          title={t.stepServicing}
          actions={
            <Button look="quiet" onClick={onServicing}>
              {t.edit}
            </Button>
          }
        >
          <ProviderFacts provider={servicing_provider} />
        </Card>
      )}
      {forms.error !== null && <ErrorBanner error={forms.error} onRetry={forms.retry} />}
      {services.map((service, index) => {
        const form = forms.forms[index];
        const open = editing === index || incorrect(index) || !isEntered(service);
        return (
          <Card
            // biome-ignore lint/suspicious/noArrayIndexKey: a service has no other identity.
            key={`${removal.generation} ${index}`}
            title={text.requestForm.service(index + 1)}
            actions={
              <span className="card-actions">
                {!open && (
                  <Button
                    look="quiet"
                    aria-label={text.requestForm.editService(index + 1)}
                    onClick={() => edit(index)}
                  >
                    {t.edit}
                  </Button>
                )}
                {services.length > 1 && (
                  <Button
                    look="quiet"
                    aria-label={text.requestForm.removeService(index + 1)}
                    onClick={() => removal.remove(index)}
                  >
                    {text.common.remove}
                  </Button>
                )}
              </span>
            }
          >
            <GroupErrors pointer={`${POINTER}/${index}`} />
            <Region>
              {open ? (
                <ServiceFields
                  pointer={`${POINTER}/${index}`}
                  service={service}
                  form={form}
                  stage="CHECK"
                  words={words}
                  onChange={(changed) => {
                    edit(index);
                    change(index, changed);
                  }}
                />
              ) : (
                <ServiceFacts service={service} form={form} words={words} />
              )}
            </Region>
          </Card>
        );
      })}
      {removal.notice}
      <AddService
        onAdd={() => {
          onChange((before) => ({ ...before, services: [...before.services, emptyService()] }));
          edit(services.length);
        }}
      />
      <div className="form-actions">
        <Button look="primary" type="submit" pending={checking}>
          {t.check}
        </Button>
      </div>
    </form>
  );
}

/** A service to look over. */
export function ServiceFacts({
  service,
  form,
  words,
}: {
  service: Service;
  form: FormResponse | undefined;
  words: CodeWords;
}) {
  const fields = form ? shownFields(form, "CHECK", service) : [];
  const plain = fields.filter((field) => field.kind === "CHOICE");
  const diagnosis = service.primary_diagnosis ?? "";
  const { medication } = service;
  return (
    <>
      <Facts
        items={[
          ...plain.map((field) => [field.label, wordsOf(field, service)] as const),
          [
            fields.find((field) => field.kind === "DAY")?.label ?? "",
            formatDay(serviceDay(service)),
          ],
          [
            fields.find((field) => field.name === "primary_diagnosis")?.label ?? "",
            [diagnosis, words.diagnosis(diagnosis)?.known?.label].filter(Boolean).join(" – "),
          ],
          [
            fieldNamed(allFields(form), "medication")?.label ?? "",
            [medication?.name, medication?.ndc].filter(Boolean).join(" · "),
          ],
        ]}
      />
      <ul className="code-list">
        {service.procedures.map((procedure) => (
          <li key={`${procedure.code} ${procedure.modifiers.join("-")}`}>
            <span>
              <strong className="mono">{procedure.code}</strong>{" "}
              {words.procedure(procedure.code)?.known?.label}
              {procedure.modifiers.length > 0 && (
                <span className="small"> {procedure.modifiers.join(", ")}</span>
              )}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
