import { useMutation, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { ApiError, api, type ErrorItem, type Schemas, unwrap } from "../../api/client";
import { formatDay } from "../../format/dates";
import { type Content, normalized } from "../../request-form/content";
import type { Names } from "../../request-form/labels";
import { RequestForm } from "../../request-form/RequestForm";
import { useRequestingProviders } from "../../request-form/remembered";
import { useForms, useRequestFields } from "../../request-form/useForms";
import { useActingFor } from "../../shell/tin";
import { text } from "../../text";
import { announce } from "../../ui/announce";
import { Button, LinkButton } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ErrorBanner, focusField } from "../../ui/ErrorSummary";
import { byPointer, explain } from "../../ui/errors";
import { FormErrors } from "../../ui/fields";
import { Loading } from "../../ui/Loading";
import { Banner, Damaged, Page } from "../../ui/parts";
import { Steps } from "../../ui/Steps";
import { stillSent } from "../../ui/stillSent";
import { readStored } from "../../ui/stored";
import { useUnfinished } from "../../ui/unfinished";
import { useLeaveGuard } from "../../ui/useLeaveGuard";
import type { Autosave, AutosaveState, Snapshot } from "./autosave";
import { Adopted, Conflict } from "./Conflict";
import { DocumentsCard, useDocumentRules, useDocuments, useOpenDocuments } from "./Documents";
import { Review } from "./Review";
import { SaveState, wordsOf } from "./SaveState";
import { Submitted } from "./Submitted";
import { completeSections, currentSection, SECTIONS, type Section, stagesOf } from "./stages";
import { isUnsent } from "./uploads";
import { etagOf, forgetDraft, readDraft, storedName, useDraft } from "./useDraft";
import { useUploads } from "./useUploads";
import { VendorLines } from "./VendorLines";
import "../../styles/request-form.css";

const t = text.provider.request;

type Draft = Schemas["DraftResponse"];
export type DraftStep = "entries" | "review";

/** A request from its draft to its number. */
export function DraftScreen() {
  const { draftId = "" } = useParams();
  const [query] = useSearchParams();
  return query.get("step") === "submitted" ? (
    <Submitted requestId={draftId} />
  ) : (
    <OpenDraft key={draftId} draftId={draftId} />
  );
}

function OpenDraft({ draftId }: { draftId: string }) {
  const draft = useQuery({
    queryKey: ["draft", draftId],
    queryFn: () => readDraft(draftId),
    staleTime: 0,
  });
  const { refetch } = draft;
  if (draft.error instanceof ApiError && [404, 409, 410].includes(draft.error.status)) {
    return <Ended draftId={draftId} error={draft.error} />;
  }
  if (draft.data) {
    return <Editing draft={draft.data} onEnded={refetch} />;
  }
  return (
    <Page title={t.title}>
      {draft.isError ? (
        <ErrorBanner error={draft.error} onRetry={() => draft.refetch()} />
      ) : (
        <Loading shape="record" />
      )}
    </Page>
  );
}

function Editing({ draft, onEnded }: { draft: Draft; onEnded: () => void }) {
  const draftId = draft.draft_id;
  const [query] = useSearchParams();
  const navigate = useNavigate();
  const step: DraftStep = query.get("step") === "review" ? "review" : "entries";
  const open = (next: DraftStep) =>
    navigate(next === "entries" ? `/drafts/${draftId}` : `/drafts/${draftId}?step=review`);
  const [names, setNames] = useState<Names>(NO_NAMES);
  const { state, autosave, edit } = useDraft(draft, names);
  const { content } = state;
  useNames(content, setNames);
  useFirstRequesting(content, edit);
  const [found, setFound] = useState<{ errors: readonly ErrorItem[]; of: Content }>({
    errors: [],
    of: content,
  });
  const onErrors = useCallback(
    (all: readonly ErrorItem[]) => setFound({ errors: all, of: autosave.state.content }),
    [autosave],
  );
  const errors = useMemo(() => {
    const left = stillSent(found.errors, { content: found.of }, { content });
    const further = state.errors.filter((one) => !left.some((at) => at.pointer === one.pointer));
    return [...left, ...further];
  }, [found, content, state.errors]);
  const openSection = (section: Section) => {
    open("entries");
    focusField(SECTIONS[section]);
  };
  const queue = useUploads(draftId, useDocumentRules());
  const openUploads = useOpenDocuments(draftId, queue);
  const attached = useDocuments(draftId).data ?? [];
  const complete = completeSections({
    content,
    forms: names.forms,
    documents: attached.filter((one) => one.status === "ATTACHED").length,
    incorrect: errors.map((one) => one.pointer),
  });
  const [submitting, setSubmitting] = useState(false);
  const sending = queue.uploads.some(isUnsent);
  const unsaved = !submitting && (sending || !["saved", "refused", "ended"].includes(state.phase));
  useUnfinished(storedName(draftId), unsaved);
  useAnnouncedState(state);
  const ended = state.phase === "ended";
  useEffect(() => {
    if (ended) {
      onEnded();
    }
  }, [ended, onEnded]);
  return (
    <Page
      key={step}
      title={step === "review" ? t.reviewTitle : titleOf(content)}
      lead={<PatientLine content={content} />}
      actions={<SaveState state={state} onRetry={autosave.wake} />}
    >
      <div className="with-steps">
        <Steps
          label={t.steps}
          current={step === "review" ? "review" : currentSection(complete)}
          steps={stagesOf(complete, { open: openSection, review: () => open("review") })}
        />
        <div>
          <Damaged entries={draft.damaged} />
          {state.phase === "conflict" && (
            <Conflict
              content={content}
              changes={state.changes}
              names={names}
              onResolve={(chosen) => autosave.resolve(chosen)}
            />
          )}
          <Adopted changes={state.adopted} names={names} onClose={autosave.dismissAdopted} />
          {state.phase === "failed" && <ErrorBanner error={state.error} onRetry={autosave.wake} />}
          {step === "entries" ? (
            <>
              <Notice />
              <RequestForm
                value={content}
                onChange={edit}
                errors={byPointer(errors)}
                options={{
                  parts: ["servicing_provider", "requesting_provider", "services"],
                  stage: "SUBMISSION",
                  base: "/content",
                  storeKey: `draft.${draftId}`,
                }}
              />
              <FormErrors value={byPointer(errors)}>
                <VendorLines
                  content={content}
                  lines={draft.lines}
                  vendors={draft.vendors}
                  onChange={edit}
                />
              </FormErrors>
              <DocumentsCard requestId={draftId} deletable stage="SUBMISSION" queue={queue} />
              <div className="sticky-actions">
                <Button look="primary" onClick={() => open("review")}>
                  {t.review}
                </Button>
                <SaveState state={state} onRetry={autosave.wake} />
                <DeleteDraft draftId={draftId} autosave={autosave} />
              </div>
            </>
          ) : (
            <Review
              draft={draft}
              state={state}
              autosave={autosave}
              names={names}
              openUploads={openUploads}
              onErrors={onErrors}
              onBack={() => open("entries")}
              onEdit={openSection}
              onSubmitting={setSubmitting}
              onEnded={onEnded}
            />
          )}
        </div>
      </div>
      <LeaveGuard unsaved={unsaved} />
    </Page>
  );
}

/** What needs attention is announced; that it is saved is only shown. */
function useAnnouncedState(state: AutosaveState): void {
  const attention = ["retrying", "refused", "conflict", "failed"].includes(state.phase);
  const words = attention ? wordsOf(state) : "";
  useEffect(() => {
    if (words) {
      announce(words);
    }
  }, [words]);
}

const NO_NAMES: Names = { requestFields: [], forms: [] };

/** The names of all fields, by the forms of the services. */
function useNames(content: Content, setNames: (names: Names) => void): void {
  const requestFields = useRequestFields();
  const { forms } = useForms(content.services);
  const key = forms.map((form) => (form ? JSON.stringify(form.fields.map((f) => f.name)) : ""));
  // biome-ignore lint/correctness/useExhaustiveDependencies: `forms` is new with every render.
  useEffect(() => setNames({ requestFields, forms }), [requestFields, key.join(), setNames]);
}

/** The requesting provider of the last request is entered by itself, and can be changed. */
function useFirstRequesting(
  content: Content,
  edit: (update: (before: Content) => Content) => void,
): void {
  const empty = content.requesting_provider === null;
  const [first] = useRequestingProviders(empty).providers;
  const [done, setDone] = useState(!empty);
  useEffect(() => {
    if (first && empty && !done) {
      setDone(true);
      edit((before) =>
        before.requesting_provider === null ? { ...before, requesting_provider: first } : before,
      );
    }
  }, [first, empty, done, edit]);
}

function titleOf(content: Content): string {
  return content.purpose === "PREDETERMINATION" ? t.titlePredetermination : t.title;
}

export function PatientLine({ content }: { content: Content }) {
  const { patient } = content;
  return patient ? (
    <p>
      <strong>
        {patient.first_name} {patient.last_name}
      </strong>{" "}
      · {text.provider.check.born} {formatDay(patient.date_of_birth)} ·{" "}
      {text.provider.check.memberId} {patient.member_id}
    </p>
  ) : null;
}

function Notice() {
  return (
    <Banner title={t.noticeTitle}>
      <ol className="plain-steps">
        {t.notice.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ol>
    </Banner>
  );
}

function LeaveGuard({ unsaved }: { unsaved: boolean }) {
  const blocker = useLeaveGuard(unsaved);
  return (
    <Dialog
      title={text.common.leaveTitle}
      open={blocker.state === "blocked"}
      onClose={() => blocker.reset?.()}
      actions={
        <>
          <Button onClick={() => blocker.reset?.()}>{text.common.stay}</Button>
          <Button look="danger" onClick={() => blocker.proceed?.()}>
            {text.common.leave}
          </Button>
        </>
      }
    >
      <p>{t.leave}</p>
    </Dialog>
  );
}

function DeleteDraft({ draftId, autosave }: { draftId: string; autosave: Autosave }) {
  const [asking, ask] = useState(false);
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: async () => {
      await autosave.flush();
      const header = { "If-Match": etagOf(autosave.state.version) };
      const params = { path: { draft_id: draftId }, header };
      await unwrap(api.DELETE("/v1/drafts/{draft_id}", { params }));
    },
    onSuccess: () => {
      autosave.stop();
      forgetDraft(draftId);
      announce(t.deleted);
      navigate("/requests");
    },
  });
  return (
    <>
      <Button look="danger" onClick={() => ask(true)}>
        {t.deleteDraft}
      </Button>
      <Dialog
        title={t.deleteTitle}
        open={asking}
        onClose={() => ask(false)}
        actions={
          <>
            <Button onClick={() => ask(false)}>{text.common.cancel}</Button>
            <Button look="danger" pending={remove.isPending} onClick={() => remove.mutate()}>
              {t.deleteDraft}
            </Button>
          </>
        }
      >
        <p>{t.deleteText}</p>
        <ErrorBanner error={remove.error} />
      </Dialog>
    </>
  );
}

/** A draft that cannot be edited any more: it expired, was deleted, or is submitted. */
function Ended({ draftId, error }: { draftId: string; error: ApiError }) {
  const stored = readStored<Snapshot>(storedName(draftId));
  if (error.code === "action_not_allowed") {
    return (
      <Page title={t.title}>
        <Banner tone="success" title={t.submittedAlready}>
          {error.problem?.number && <p className="number-shown">{error.problem.number}</p>}
        </Banner>
        <LinkButton to={`/requests/${draftId}`} look="primary">
          {t.toDetails}
        </LinkButton>
      </Page>
    );
  }
  return (
    <Page title={error.code === "draft_expired" ? t.expiredTitle : t.title}>
      <Banner tone="warning">
        <p>{explain(error)}</p>
        {stored && <p>{t.expiredText}</p>}
      </Banner>
      {stored ? (
        <NewDraft content={stored.content} />
      ) : (
        <>
          <p>{t.endedText}</p>
          <LinkButton to="/patients" look="primary">
            {t.toPatients}
          </LinkButton>
        </>
      )}
    </Page>
  );
}

/** A new draft with the entries of one that expired. */
function NewDraft({ content }: { content: Content }) {
  const navigate = useNavigate();
  const { tin } = useActingFor();
  const [key] = useState(() => crypto.randomUUID());
  const start = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST("/v1/drafts", {
          body: { content: { ...normalized(content), assertion_id: null }, tin: tin ?? null },
          headers: { "Idempotency-Key": key },
        }),
      ),
    onSuccess: (draft) => navigate(`/drafts/${draft.draft_id}`, { replace: true }),
  });
  const errors = start.error instanceof ApiError ? start.error.errors : [];
  return (
    <>
      <ErrorBanner error={start.error} />
      {errors.length > 0 && (
        <ul>
          {errors.map((one) => (
            <li key={one.pointer}>{one.message}</li>
          ))}
        </ul>
      )}
      <Button look="primary" pending={start.isPending} onClick={() => start.mutate()}>
        {t.newDraft}
      </Button>
    </>
  );
}
