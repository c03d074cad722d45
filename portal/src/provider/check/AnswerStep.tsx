import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { ApiError, api, type ErrorItem, type Schemas, unwrap } from "../../api/client";
import { config } from "../../config";
import { formatDay, formatMoment } from "../../format/dates";
import { formatPhone } from "../../format/identifiers";
import { normalized } from "../../request-form/content";
import { useActingFor } from "../../shell/tin";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { ErrorBanner } from "../../ui/ErrorSummary";
import { Banner, Card, CopyButton, Facts, Phone, Tag, WithPhones } from "../../ui/parts";
import { Region } from "../../ui/Region";
import { markUnfinished } from "../../ui/unfinished";
import type { SetCheck } from "./CheckScreen";
import { downloadConfirmation, downloadExport } from "./documents";
import { CHECK, type CheckState } from "./state";

const t = text.provider.check;

type Answer = Schemas["RequirementsResponse"];

const TONES: Record<Schemas["Requirement"], "info" | "success" | "warning"> = {
  REQUIRED: "info",
  NOT_REQUIRED: "success",
  DELEGATED_VENDOR: "warning",
  UNABLE_TO_DETERMINE: "warning",
};

/** Step 3: what each code needs, and what to do next. */
export function AnswerStep({
  state,
  answer,
  setState,
  onBack,
  onErrors,
}: {
  state: CheckState;
  answer: Answer;
  setState: SetCheck;
  onBack: () => void;
  onErrors: (errors: readonly ErrorItem[]) => void;
}) {
  const start = useStart(state, answer, setState, onErrors);
  const steps = answer.services.flatMap((service) => [
    ...(service.next_step ? [service.next_step] : []),
    ...service.codes.map((code) => code.next_step),
  ]);
  const canStart = steps.some((step) => step.action === "START_DRAFT");
  const mustCall = steps.some((step) => step.action === "CALL");
  const predetermination =
    answer.predetermination_available && state.content.purpose !== "PREDETERMINATION";
  return (
    <>
      <Banner tone={TONES[answer.requirement]} title={answer.requirement_label}>
        {answer.referral_needed && <p>{t.referral}</p>}
      </Banner>
      {answer.services.map((service) => (
        <Region key={service.service}>
          <ServiceAnswer service={service} content={state.content} />
        </Region>
      ))}
      {answer.vendors.map((vendor) => (
        <Region key={vendor.vendor_id}>
          <Vendor vendor={vendor} content={state.content} />
        </Region>
      ))}
      {canStart && (
        <Card title={t.start}>
          <p>{t.startText}</p>
          <StartError error={start.error} />
          <Button
            look="primary"
            pending={start.isPending}
            onClick={() => start.mutate(state.content.purpose)}
          >
            {t.start}
          </Button>
        </Card>
      )}
      {answer.confirmation_available && <Confirmation state={state} />}
      {predetermination && (
        <Card title={t.predeterminationTitle}>
          <p>{t.predeterminationText}</p>
          {!canStart && <StartError error={start.error} />}
          <Button pending={start.isPending} onClick={() => start.mutate("PREDETERMINATION")}>
            {t.predetermination}
          </Button>
        </Card>
      )}
      {mustCall && config().payer.phone && (
        <Card title={t.call}>
          <p>
            {config().payer.name}: <Phone number={config().payer.phone} />
          </p>
        </Card>
      )}
      <Banner>
        {answer.notices.map((notice) => (
          <p key={notice}>
            <WithPhones>{notice}</WithPhones>
          </p>
        ))}
        <p className="small">
          {t.checkedAt(formatMoment(answer.checked_at))}{" "}
          {t.ruleList(
            answer.rule_list.payer,
            answer.rule_list.version,
            formatDay(answer.rule_list.effective_from),
          )}{" "}
          {answer.assertion_id && (
            <>
              {t.checkId}: {answer.assertion_id} <CopyButton value={answer.assertion_id} />
            </>
          )}
        </p>
      </Banner>
      <div className="form-actions">
        <Button onClick={onBack}>{t.changeEntries}</Button>
      </div>
    </>
  );
}

/** Start the draft. A repeated call returns the same draft: its key is stored with the entries. */
function useStart(
  state: CheckState,
  answer: Answer,
  setState: SetCheck,
  onErrors: (errors: readonly ErrorItem[]) => void,
) {
  const navigate = useNavigate();
  const { tin } = useActingFor();
  return useMutation({
    mutationFn: (purpose: Schemas["Purpose"]) => {
      const content = {
        ...normalized(state.content),
        purpose,
        assertion_id: purpose === state.content.purpose ? answer.assertion_id : null,
      };
      const draftFor = JSON.stringify([content, tin]);
      const draftKey =
        state.draftFor === draftFor && state.draftKey ? state.draftKey : crypto.randomUUID();
      setState((before) => ({ ...before, draftKey, draftFor }));
      return unwrap(
        api.POST("/v1/drafts", {
          body: { content, tin: tin ?? null },
          headers: { "Idempotency-Key": draftKey },
        }),
      );
    },
    onSuccess: (draft) => {
      setState((before) => ({ ...before, draftId: draft.draft_id }));
      // The screen is left at once, before it could do so.
      markUnfinished(CHECK, false);
      navigate(`/drafts/${draft.draft_id}`);
    },
    onError: (error) => {
      if (error instanceof ApiError && error.errors.length > 0) {
        onErrors(error.errors);
      }
    },
  });
}

function StartError({ error }: { error: unknown }) {
  return error ? <ErrorBanner error={error} /> : null;
}

function ServiceAnswer({
  service,
  content,
}: {
  service: Schemas["ServiceResponse"];
  content: CheckState["content"];
}) {
  const day = content.services[service.service - 1];
  return (
    <Card title={text.requestForm.service(service.service)}>
      {service.next_step && (
        <div className="requirement">
          <strong>{t.stay}</strong>
          <NextStep step={service.next_step} />
        </div>
      )}
      {service.codes.map((code, index) => (
        <div
          key={`${code.code} ${day?.procedures[index]?.modifiers.join("-") ?? ""}`}
          className="requirement"
        >
          <div>
            <strong className="mono">{code.code}</strong> {code.code_label}{" "}
            <span className="small">{code.code_type_label}</span>
          </div>
          <div>
            <Tag tone={TAG_TONES[code.requirement]}>{code.requirement_label}</Tag>
          </div>
          <NextStep step={code.next_step} />
        </div>
      ))}
    </Card>
  );
}

const TAG_TONES: Record<Schemas["Requirement"], string> = {
  REQUIRED: "info",
  NOT_REQUIRED: "good",
  DELEGATED_VENDOR: "warning",
  UNABLE_TO_DETERMINE: "warning",
};

function NextStep({ step }: { step: Schemas["NextStepResponse"] }) {
  return (
    <p>
      <WithPhones>{step.text}</WithPhones>
    </p>
  );
}

function Confirmation({ state }: { state: CheckState }) {
  const download = useMutation({
    mutationFn: () => downloadConfirmation(normalized(state.content), t.confirmationFile),
  });
  return (
    <Card>
      <ErrorBanner error={download.error} />
      <Button look="primary" pending={download.isPending} onClick={() => download.mutate()}>
        {t.confirmation}
      </Button>
    </Card>
  );
}

/** A delegated vendor with its contacts, what it needs, and the entries as a document for it. */
function Vendor({
  vendor,
  content,
}: {
  vendor: Schemas["DelegatedCodesResponse"];
  content: CheckState["content"];
}) {
  const download = useMutation({
    mutationFn: () =>
      downloadExport(normalized(content), vendor.vendor_id, t.vendorFile(vendor.vendor_id)),
  });
  const coordination = vendor.care_coordination;
  return (
    <Card title={t.vendorTitle(vendor.name)}>
      <p>
        {vendor.codes
          .map((code) => [code.code, code.code_label].filter(Boolean).join(" – "))
          .join("; ")}
      </p>
      <Facts
        items={[
          [t.services, vendor.services],
          [t.phone, phone(vendor.phone)],
          [t.fax, phone(vendor.fax)],
          [t.hours, vendor.hours],
          [
            t.coordination,
            coordination &&
              [formatPhone(coordination.phone), coordination.email, formatPhone(coordination.fax)]
                .filter(Boolean)
                .join(" · "),
          ],
        ]}
      />
      {vendor.requirements.length > 0 && (
        <>
          <h3>{t.vendorRequirements}</h3>
          <ul>
            {vendor.requirements.map((requirement) => (
              <li key={requirement}>{requirement}</li>
            ))}
          </ul>
        </>
      )}
      <ErrorBanner error={download.error} />
      <div className="form-actions">
        <a
          className="button button-primary"
          href={vendor.url}
          target="_blank"
          rel="noopener noreferrer"
        >
          {t.vendorOpen(vendor.name)}
          <span className="visually-hidden"> ({t.vendorNewTab})</span>
        </a>
        <Button pending={download.isPending} onClick={() => download.mutate()}>
          {t.vendorExport}
        </Button>
      </div>
      <p className="small">{t.vendorExportHint}</p>
    </Card>
  );
}

function phone(number: string | null): ReactNode {
  return number ? <Phone number={number} /> : null;
}
