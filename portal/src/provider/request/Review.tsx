import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useNavigate } from "react-router";
import {
  ApiError,
  api,
  type ErrorItem,
  NetworkError,
  type Schemas,
  unwrap,
} from "../../api/client";
import { type Content, normalized } from "../../request-form/content";
import { useCodeWords } from "../../request-form/knownCodes";
import { labelOf, type Names, named } from "../../request-form/labels";
import { ProviderFacts } from "../../request-form/ProviderParts";
import { valueWords } from "../../request-form/words";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { ErrorBanner, ErrorSummary, focusField } from "../../ui/ErrorSummary";
import { explain } from "../../ui/errors";
import { Loading } from "../../ui/Loading";
import { Banner, Card, Facts } from "../../ui/parts";
import { Table } from "../../ui/Table";
import type { Autosave, AutosaveState } from "./autosave";
import { useDocuments } from "./Documents";
import type { Section } from "./stages";
import { etagOf, forgetDraft } from "./useDraft";

const t = text.provider.request;

const NO_ERRORS: readonly ErrorItem[] = [];

interface ReviewProps {
  draft: Schemas["DraftResponse"];
  state: AutosaveState;
  autosave: Autosave;
  names: Names;
  openUploads: number;
  onErrors: (errors: readonly ErrorItem[]) => void;
  onBack: () => void;
  /** Opens a part of the entries. */
  onEdit: (section: Section) => void;
  onSubmitting: (submitting: boolean) => void;
  /** The draft can no longer be edited: it was submitted, deleted, or expired. */
  onEnded: () => void;
}

/** Everything that is missing or incorrect at once, the entries to look over, and the submission. */
export function Review(props: ReviewProps) {
  const { draft, state, names, openUploads, onErrors, onBack } = props;
  const validation = useValidation(props);
  const submission = useSubmission(props);
  const { phase, content } = state;
  const ended = hasEnded(validation.error) && !submission.isPending;
  const { onEnded } = props;
  useEffect(() => {
    if (ended) {
      onEnded();
    }
  }, [ended, onEnded]);
  const errors = submission.errors ?? validation.data?.errors ?? NO_ERRORS;
  useEffect(() => onErrors(errors), [errors, onErrors]);
  const blocked = phase === "conflict" || phase === "ended";
  return (
    <>
      {validation.isPending && !blocked && (
        <>
          <p role="status">{t.checking}</p>
          <Loading shape="record" />
        </>
      )}
      <ErrorBanner error={validation.error} onRetry={() => validation.refetch()} />
      <ErrorSummary
        errors={named(errors, { ...names, services: content.services })}
        further={validation.data?.further ?? 0}
        attempt={errors}
        onOpen={(pointer) => {
          onBack();
          focusField(pointer);
        }}
      />
      {validation.data && errors.length === 0 && (
        <Banner tone="success" live>
          <p>{t.allComplete}</p>
        </Banner>
      )}
      {openUploads > 0 && (
        <Banner tone="warning" live>
          <p>{t.pendingUploads(openUploads)}</p>
        </Banner>
      )}
      <Summary content={content} draft={draft} names={names} onEdit={props.onEdit} />
      <SubmissionError error={submission.error} unknown={submission.unknown} />
      <div className="sticky-actions">
        <Button onClick={onBack}>{t.backToEntries}</Button>
        {validation.data && errors.length === 0 && !blocked && (
          <Button look="primary" pending={submission.isPending} onClick={submission.submit}>
            {submission.isPending ? t.submitting : t.submit}
          </Button>
        )}
      </div>
    </>
  );
}

function hasEnded(error: unknown): boolean {
  return error instanceof ApiError && [404, 409, 410].includes(error.status);
}

interface Validation {
  errors: readonly ErrorItem[];
  further: number;
}

/** Save exactly what is entered, then request what is missing or incorrect. */
function useValidation({ draft, state, autosave }: ReviewProps) {
  const draftId = draft.draft_id;
  return useQuery({
    queryKey: ["validation", draftId, state.content],
    queryFn: async (): Promise<Validation> => {
      const phase = await autosave.flush(true);
      if (phase !== "saved" && phase !== "refused") {
        throw autosave.state.error instanceof Error ? autosave.state.error : new NetworkError();
      }
      const path = { draft_id: draftId };
      const found = await unwrap(api.GET("/v1/drafts/{draft_id}/validation", { params: { path } }));
      const refused = autosave.state.errors;
      return {
        errors: [
          ...refused,
          ...found.errors.filter((one) => !refused.some((at) => at.pointer === one.pointer)),
        ],
        further: found.further_errors,
      };
    },
    enabled: state.phase !== "conflict" && state.phase !== "ended",
    staleTime: 0,
    retry: false,
  });
}

/** Submit once. After a lost response, the request's status shows whether it was submitted. */
function useSubmission({ draft, state, autosave, onSubmitting }: ReviewProps) {
  const draftId = draft.draft_id;
  const navigate = useNavigate();
  const client = useQueryClient();
  const [unknown, setUnknown] = useState(false);
  const done = async () => {
    onSubmitting(true);
    autosave.stop();
    forgetDraft(draftId);
    await client.invalidateQueries({ queryKey: ["requests"] });
    navigate(`/drafts/${draftId}?step=submitted`, { replace: true });
  };
  const mutation = useMutation({
    mutationFn: async () => {
      setUnknown(false);
      await unwrap(
        api.POST("/v1/drafts/{draft_id}/submission", {
          params: {
            path: { draft_id: draftId },
            header: { "If-Match": etagOf(state.version) },
          },
          body: { content: normalized(state.content) },
        }),
      );
    },
    onSuccess: done,
    onError: async (error) => {
      if (error instanceof ApiError && error.code === "version_mismatch") {
        await autosave.recheck();
      } else if (!(error instanceof ApiError) || error.transient) {
        if (await isSubmitted(draftId)) {
          await done();
        } else {
          setUnknown(true);
        }
      }
    },
  });
  const { error } = mutation;
  const refused = error instanceof ApiError && error.code === "invalid_input";
  return {
    submit: () => mutation.mutate(),
    isPending: mutation.isPending,
    error: refused || unknown ? null : error,
    errors: refused ? error.errors : null,
    unknown,
  };
}

async function isSubmitted(draftId: string): Promise<boolean> {
  try {
    const path = { request_id: draftId };
    const request = await unwrap(api.GET("/v1/requests/{request_id}", { params: { path } }));
    return request.number !== null;
  } catch {
    return false;
  }
}

function SubmissionError({ error, unknown }: { error: unknown; unknown: boolean }) {
  if (unknown) {
    return (
      <Banner tone="warning" live>
        <p>{t.submitUnknown}</p>
      </Banner>
    );
  }
  if (error instanceof ApiError && error.code === "duplicate_request") {
    const existing = error.problem?.existing as ExistingRequest | null | undefined;
    return (
      <div className="banner banner-error" role="alert">
        <p className="banner-title">{error.problem?.title}</p>
        <p>{explain(error)}</p>
        {existing?.request_id && (
          <Link to={`/requests/${existing.request_id}`}>{t.duplicate(existing.number ?? "")}</Link>
        )}
      </div>
    );
  }
  return <ErrorBanner error={error} />;
}

interface ExistingRequest {
  number?: string;
  request_id?: string;
}

/** The entries, to look over. */
function Summary({
  content,
  draft,
  names,
  onEdit,
}: {
  content: Content;
  draft: Schemas["DraftResponse"];
  names: Names;
  onEdit: (section: Section) => void;
}) {
  const words = useCodeWords(content.services);
  const documents = (useDocuments(draft.draft_id).data ?? []).filter(isListed);
  return (
    <>
      {(["servicing_provider", "requesting_provider"] as const).map((role) => {
        const provider = content[role];
        const title = labelOf(`/${role}`, names);
        return (
          <Card
            key={role}
            title={title}
            actions={<EditButton name={title} onEdit={() => onEdit(role)} />}
          >
            {provider ? (
              <ProviderFacts provider={provider} />
            ) : (
              <p>{text.requestForm.noProvider}</p>
            )}
          </Card>
        );
      })}
      {content.services.map((service, index) => {
        const at = `/services/${index}`;
        const fact = (name: string, value: unknown) =>
          [
            labelOf(`${at}/${name}`, names).split(" · ").slice(1).join(" · "),
            valueWords(`${at}/${name}`, value, names),
          ] as const;
        const { procedures, medication, additional_diagnoses, primary_diagnosis, ...rest } =
          service;
        const withWords = (code: string | null | undefined) =>
          code ? [code, words.diagnosis(code)?.known?.label].filter(Boolean).join(" – ") : "";
        const title = text.requestForm.service(index + 1);
        return (
          <Card
            key={at}
            title={title}
            actions={<EditButton name={title} onEdit={() => onEdit("services")} />}
          >
            <Facts
              items={[
                ...ORDER.map((name) => fact(name, rest[name])),
                fact("primary_diagnosis", withWords(primary_diagnosis)),
                fact("additional_diagnoses", additional_diagnoses.map(withWords).join("; ")),
                ...MEDICATION.map((name) => fact(`medication/${name}`, medication?.[name])),
              ]}
            />
            {procedures.length > 0 && (
              <Table
                caption={labelOf(`${at}/procedures`, names)}
                captionHidden
                rows={procedures.map((procedure, row) => ({ procedure, row }))}
                rowKey={({ row }) => String(row)}
                columns={[
                  {
                    key: "code",
                    title: text.requestForm.code_,
                    heading: true,
                    cell: ({ procedure }) =>
                      [procedure.code, words.procedure(procedure.code)?.known?.label]
                        .filter(Boolean)
                        .join(" – "),
                  },
                  ...COLUMNS.map((name) => ({
                    key: name,
                    title: labelOf(`${at}/procedures/0/${name}`, names).split(" · ").at(-1) ?? name,
                    cell: ({
                      procedure,
                      row,
                    }: {
                      procedure: Content["services"][number]["procedures"][number];
                      row: number;
                    }) => valueWords(`${at}/procedures/${row}/${name}`, procedure[name], names),
                  })),
                ]}
              />
            )}
          </Card>
        );
      })}
      <Card
        title={t.documents}
        actions={<EditButton name={t.documents} onEdit={() => onEdit("documents")} />}
      >
        {documents.length === 0 ? (
          <p>{text.common.none}</p>
        ) : (
          <ul>
            {documents.map((document) => (
              <li key={document.document_id}>
                {document.file_name} <span className="small">{document.status_label}</span>
              </li>
            ))}
          </ul>
        )}
      </Card>
    </>
  );
}

function isListed({ status }: Schemas["DocumentResponse"]): boolean {
  return status !== "REFUSED";
}

const ORDER = [
  "authorization_type",
  "type_of_service",
  "place_of_service",
  "urgency",
  "admission_date",
  "service_date",
  "requested_days",
] as const;
const MEDICATION = ["name", "ndc", "frequency", "route"] as const;
const COLUMNS = ["start_date", "units", "unit_type", "modifiers"] as const;

function EditButton({ name, onEdit }: { name: string; onEdit: () => void }) {
  return (
    <Button look="quiet" aria-label={t.sectionEdit(name)} onClick={onEdit}>
      {text.common.edit}
    </Button>
  );
}
