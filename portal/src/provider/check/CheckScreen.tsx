import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { ApiError, api, type ErrorItem, unwrap } from "../../api/client";
import { session } from "../../auth/session";
import { formatDay } from "../../format/dates";
import { normalized } from "../../request-form/content";
import { named } from "../../request-form/labels";
import type { Update } from "../../request-form/RequestForm";
import { useForms, useRequestFields } from "../../request-form/useForms";
import { text } from "../../text";
import { Button, LinkButton } from "../../ui/Button";
import { ErrorBanner, ErrorSummary, focusField } from "../../ui/ErrorSummary";
import { byPointer } from "../../ui/errors";
import { FormErrors } from "../../ui/fields";
import { Banner, Empty, Page } from "../../ui/parts";
import { type Step, Steps } from "../../ui/Steps";
import { stillSent } from "../../ui/stillSent";
import { useStored } from "../../ui/stored";
import { Undo } from "../../ui/Undo";
import { useUnfinished } from "../../ui/unfinished";
import { AnswerStep } from "./AnswerStep";
import { ServicesStep } from "./ServicesStep";
import { ServicingStep } from "./ServicingStep";
import {
  CHECK,
  type CheckState,
  type CheckStep,
  hasEntries,
  isUnfinished,
  newCheck,
  startedOver,
  undone,
} from "./state";
import "../../styles/request-form.css";

const t = text.provider.check;

const INITIAL = newCheck(null);

/** The precertification check in three steps. */
export function CheckScreen() {
  const [state, setState] = useStored<CheckState>(CHECK, INITIAL);
  const { patient } = state.content;
  useAskBeforeTabCloses(isUnfinished(state));
  useUnfinished(CHECK, isUnfinished(state));
  if (patient === null) {
    return (
      <Page title={t.title}>
        <Empty action={<LinkButton to="/patients">{t.toPatients}</LinkButton>}>{t.noPatient}</Empty>
      </Page>
    );
  }
  return <Check state={state} setState={setState} />;
}

export type SetCheck = (update: (before: CheckState) => CheckState) => void;

function Check({ state, setState }: { state: CheckState; setState: SetCheck }) {
  const { content } = state;
  const [step, open] = useStep(state);
  const [found, setErrors] = useState<readonly ErrorItem[]>([]);
  const [refused, setRefused] = useState<unknown>(null);
  const errors = stillSent(found, { content: refused }, { content: normalized(content) });
  const [attempt, setAttempt] = useState(0);
  const names = useNames(content);
  const onChange: Update = (update) =>
    setState((before) => ({ ...before, content: update(before.content) }));
  const check = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST("/v1/checks", {
          body: { content: normalized(content), as_of: null, received_at: null },
        }),
      ),
    onSuccess: (answer) => {
      setErrors([]);
      setState((before) => ({ ...before, answer, answered: JSON.stringify(content) }));
      open("answer");
    },
    onMutate: () => normalized(content),
    onError: (error, _, sent) => {
      const found = error instanceof ApiError ? error.errors : [];
      setRefused(sent);
      setErrors(found);
      setAttempt((before) => before + 1);
      open(stepOf(found));
    },
  });
  const patient = content.patient;
  return (
    <Page
      key={step}
      title={t.title}
      lead={patient && <PatientLine patient={patient} />}
      actions={
        hasEntries(content) && (
          <Button
            look="quiet"
            onClick={() => {
              setErrors([]);
              setState(startedOver);
              open("servicing");
            }}
          >
            {t.startOver}
          </Button>
        )
      }
    >
      <div className="with-steps">
        <Steps label={t.steps} steps={stepsOf(state, step, open)} current={step} />
        <div>
          <Notes state={state} setState={setState} />
          <FormErrors value={byPointer(errors)}>
            <ErrorSummary
              errors={named(errors, names)}
              attempt={attempt}
              onOpen={(pointer) => {
                open(stepOf([{ pointer }]));
                focusField(pointer);
              }}
            />
            {check.isError && found.length === 0 && (
              <ErrorBanner error={check.error} onRetry={() => check.mutate()} />
            )}
            {step === "servicing" && (
              <ServicingStep
                // Undo restores the provider as if it had been chosen before.
                key={content.servicing_provider === null ? "none" : "chosen"}
                content={content}
                onChange={onChange}
                onDone={() => open("services")}
              />
            )}
            {step === "services" && (
              <ServicesStep
                content={content}
                errors={errors}
                onChange={onChange}
                onServicing={() => open("servicing")}
                onCheck={() => check.mutate()}
                checking={check.isPending}
              />
            )}
            {step === "answer" && state.answer && (
              <AnswerStep
                state={state}
                answer={state.answer}
                setState={setState}
                onBack={() => open("services")}
                onErrors={(found) => {
                  setErrors(found);
                  setRefused(normalized(content));
                  setAttempt((before) => before + 1);
                  open(stepOf(found));
                }}
              />
            )}
          </FormErrors>
        </div>
      </div>
    </Page>
  );
}

function useNames(content: CheckState["content"]) {
  const requestFields = useRequestFields();
  const { forms } = useForms(content.services);
  return { requestFields, forms, services: content.services };
}

/** The step of the address; one that is not reached yet leads to the one before. */
function useStep(state: CheckState): [CheckStep, (step: CheckStep) => void] {
  const [query] = useSearchParams();
  const navigate = useNavigate();
  const requested = query.get("step");
  const reachable =
    state.content.servicing_provider === null && requested !== null ? "servicing" : requested;
  const answered = state.answer !== null && state.answered === JSON.stringify(state.content);
  const step: CheckStep =
    reachable === "answer"
      ? answered
        ? "answer"
        : "services"
      : reachable === "services"
        ? "services"
        : "servicing";
  return [step, (next) => navigate(next === "servicing" ? "/check" : `/check?step=${next}`)];
}

function stepOf(errors: readonly { pointer: string }[]): CheckStep {
  const provider =
    errors.length > 0 && errors.every(({ pointer }) => pointer.includes("/servicing_provider"));
  return provider ? "servicing" : "services";
}

function stepsOf(state: CheckState, current: CheckStep, open: (step: CheckStep) => void): Step[] {
  const provider = state.content.servicing_provider;
  const answered = state.answer !== null && state.answered === JSON.stringify(state.content);
  return [
    {
      key: "servicing",
      title: t.stepServicing,
      detail: provider?.name,
      done: provider !== null,
      onOpen: () => open("servicing"),
    },
    {
      key: "services",
      title: t.stepServices,
      done: current === "answer",
      onOpen: provider === null ? undefined : () => open("services"),
    },
    {
      key: "answer",
      title: t.stepAnswer,
      detail: answered ? state.answer?.requirement_label : undefined,
      done: answered,
      onOpen: answered ? () => open("answer") : undefined,
    },
    { key: "start", title: t.stepStart, done: state.draftId !== null },
  ];
}

function PatientLine({ patient }: { patient: NonNullable<CheckState["content"]["patient"]> }) {
  return (
    <p>
      <strong>
        {patient.first_name} {patient.last_name}
      </strong>{" "}
      · {t.born} {formatDay(patient.date_of_birth)} · {t.memberId} {patient.member_id}
    </p>
  );
}

function Notes({ state, setState }: { state: CheckState; setState: SetCheck }) {
  return (
    <>
      {state.replaced && state.draftId === null && (
        <Undo
          onUndo={() => setState(undone)}
          onClose={() => setState((before) => ({ ...before, replaced: null }))}
        >
          {t.replacedBy[state.replaced.by]}
        </Undo>
      )}
      {state.copied && state.draftId === null && (
        <Banner>
          <p>{t.copied(state.copiedFrom)}</p>
        </Banner>
      )}
      {state.continued && state.draftId === null && (
        <Banner>
          <p>{t.continued}</p>
        </Banner>
      )}
      {state.draftId !== null && (
        <Banner tone="success">
          <p>{t.opened}</p>
          <LinkButton to={`/drafts/${state.draftId}`}>{t.openDraft}</LinkButton>
        </Banner>
      )}
    </>
  );
}

/** Inside the portal nothing is lost: the entries stay in the tab. Closing the tab loses them. */
function useAskBeforeTabCloses(entered: boolean): void {
  useEffect(() => {
    if (!entered) {
      return;
    }
    // Signing in again after the session ended loses nothing: the entries are in the tab.
    const ask = (event: BeforeUnloadEvent) =>
      session().ended || session().left || event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [entered]);
}
