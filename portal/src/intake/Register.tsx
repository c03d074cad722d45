import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { ApiError, api, type Schemas, unwrap } from "../api/client";
import { useReference } from "../api/queries";
import { config } from "../config";
import { instantOf, localNow, zoneName } from "../format/zoned";
import { type Content, emptyContent, isEntered, normalized } from "../request-form/content";
import { labelOf } from "../request-form/labels";
import { RequestForm } from "../request-form/RequestForm";
import { useForms, useRequestFields } from "../request-form/useForms";
import { text } from "../text";
import { announce } from "../ui/announce";
import { Button } from "../ui/Button";
import { ErrorBanner, ErrorSummary } from "../ui/ErrorSummary";
import { byPointer } from "../ui/errors";
import { CheckboxField, FormErrors, SelectField, TextField } from "../ui/fields";
import { named } from "../ui/named";
import { Banner, Card, CopyButton, Page, Tag } from "../ui/parts";
import { stillSent } from "../ui/stillSent";
import { useStored } from "../ui/stored";
import { Undo } from "../ui/Undo";
import { useUnfinished } from "../ui/unfinished";

const words = text.intake;

interface Entry {
  channel: string;
  receivedAt: string;
  reference: string;
  content: Content;
}

/** Whether something was entered, besides the time, which is filled in. */
function hasEntries({ channel, reference, content }: Entry): boolean {
  const { patient, servicing_provider, requesting_provider, services } = content;
  return (
    channel !== "" ||
    reference !== "" ||
    patient !== null ||
    servicing_provider !== null ||
    requesting_provider !== null ||
    services.some(isEntered)
  );
}

interface Done {
  request_id: string;
  number: string;
}

/** The names of the fields besides those of the content. */
const ARRIVAL = {
  "/channel": words.channel,
  "/received_at": words.receivedName,
  "/reference": words.reference,
};

const CONFIRMED_VENDORS = "/content/confirmed_vendors";

/** The channels that staff register by; the code list has the others too. */
const CHANNELS: readonly string[] = [
  "PHONE",
  "FAX",
  "MAIL",
  "EDI",
] satisfies Schemas["RegisterRequestBody"]["channel"][];

/** Register a request from phone, fax, mail or EDI, with the same form as providers use. */
export function Register() {
  const initial = (): Entry => ({
    channel: "",
    receivedAt: localNow(),
    reference: "",
    content: emptyContent(),
  });
  const [entry, setEntry, reset] = useStored<Entry>("intake", initial());
  // What "Clear all entries" deleted: null while there is nothing to restore.
  const [cleared, setCleared, closeCleared] = useStored<Entry | null>("intake-cleared", null);
  const entered = hasEntries(entry);
  useUnfinished("intake", entered);
  const [attempt, setAttempt] = useState(0);
  const [done, setDone] = useState<Done | null>(null);
  const [sent, setSent] = useState<unknown>(null);
  const client = useQueryClient();
  const channels = useReference().data?.get("channels") ?? [];
  const set = (change: Partial<Entry>) => setEntry((before) => ({ ...before, ...change }));
  const body = {
    channel: entry.channel,
    reference: entry.reference.trim(),
    received_at: instantOf(entry.receivedAt),
    content: normalized(entry.content),
  };
  const check = useMutation({
    onMutate: () => setSent(body),
    mutationFn: () =>
      unwrap(
        api.POST("/v1/checks", {
          body: {
            content: body.content,
            as_of: null,
            received_at: body.received_at,
          },
        }),
      ),
    onError: () => setAttempt((before) => before + 1),
  });
  const register = useMutation({
    onMutate: () => setSent(body),
    mutationFn: () =>
      unwrap(
        api.POST("/v1/intake/requests", {
          // What is empty is sent as it is: the API names everything that is missing.
          body: body as Schemas["RegisterRequestBody"],
        }),
      ),
    onSuccess: ({ request_id, number }) => {
      client.invalidateQueries({ queryKey: ["intake", "list"] });
      setDone({ request_id, number });
      reset();
      closeCleared();
      announce(`${words.registered}: ${number}`);
    },
    onError: (error) => {
      setAttempt((before) => before + 1);
      // The refusal has the ids of vendors that are to be confirmed, the check their names.
      if (
        error instanceof ApiError &&
        error.errors.some(({ pointer }) => pointer === CONFIRMED_VENDORS)
      ) {
        check.mutate();
      }
    },
  });
  const requestFields = useRequestFields();
  const { forms } = useForms(entry.content.services);
  const nameOf = (pointer: string) =>
    pointer.startsWith("/content/")
      ? labelOf(pointer, { requestFields, forms, services: body.content.services })
      : ARRIVAL[pointer as keyof typeof ARRIVAL];
  const error = register.error ?? check.error;
  const refused = error instanceof ApiError ? error.errors : [];
  const errors = stillSent(refused, sent, body);
  if (done) {
    return (
      <Page title={words.registered}>
        <Card>
          <p>
            {words.number}: <strong className="mono">{done.number}</strong>{" "}
            <CopyButton value={done.number} label={text.common.number} />
          </p>
          <div className="form-actions">
            <Link className="button button-primary" to={`/intake/requests/${done.request_id}`}>
              {words.readBack}
            </Link>
            <Button onClick={() => setDone(null)}>{words.another}</Button>
          </div>
        </Card>
      </Page>
    );
  }
  return (
    <Page title={words.title} lead={words.lead}>
      <ErrorSummary errors={named(errors, nameOf)} attempt={attempt} />
      {refused.length === 0 && <ErrorBanner error={error} />}
      <FormErrors value={byPointer(errors)}>
        <Card title={words.received}>
          <div className="form-grid">
            <SelectField
              pointer="/channel"
              label={words.channel}
              choices={channels
                .filter((one) => CHANNELS.includes(one.code))
                .map((one) => ({ code: one.code, name: one.label }))}
              value={entry.channel}
              onChange={(channel) => set({ channel })}
            />
            <TextField
              pointer="/received_at"
              type="datetime-local"
              label={words.receivedAt(zoneName(config().payer.time_zone))}
              hint={words.receivedHint}
              value={entry.receivedAt}
              onChange={(receivedAt) => set({ receivedAt })}
            />
            <TextField
              pointer="/reference"
              label={words.reference}
              hint={words.referenceHint}
              value={entry.reference}
              onChange={(reference) => set({ reference })}
            />
          </div>
          <p className="small">{words.sameReference}</p>
        </Card>
      </FormErrors>
      <RequestForm
        value={entry.content}
        onChange={(update) =>
          setEntry((before) => ({ ...before, content: update(before.content) }))
        }
        errors={byPointer(errors)}
        options={{
          parts: ["patient", "servicing_provider", "services", "requesting_provider"],
          stage: "SUBMISSION",
          base: "/content",
          storeKey: "intake",
          open: true,
          frequent: false,
        }}
      />
      {check.data && <Answer answer={check.data} />}
      <Vendors
        answer={check.data}
        errors={errors}
        confirmed={entry.content.confirmed_vendors}
        onChange={(confirmed_vendors) =>
          setEntry((before) => ({ ...before, content: { ...before.content, confirmed_vendors } }))
        }
      />
      <div className="form-actions">
        <Button
          look="primary"
          pending={register.isPending}
          onClick={() => {
            check.reset();
            register.mutate();
          }}
        >
          {words.register}
        </Button>
        <Button
          pending={check.isPending}
          onClick={() => {
            register.reset();
            check.mutate();
          }}
        >
          {words.check}
        </Button>
        <Button
          look="quiet"
          onClick={() => {
            setCleared(entered ? entry : cleared);
            reset();
            set(initial());
            check.reset();
            register.reset();
          }}
        >
          {words.startOver}
        </Button>
      </div>
      {cleared && (
        <Undo
          onUndo={() => {
            setEntry(cleared);
            setCleared(entered ? entry : null);
          }}
          onClose={closeCleared}
        >
          {words.cleared}
        </Undo>
      )}
    </Page>
  );
}

/** The rule list's answer for each code, and what marks the request for an operator. */
function Answer({ answer }: { answer: Schemas["RequirementsResponse"] }) {
  return (
    <Card title={words.answer}>
      <p role="status">
        <strong>{answer.requirement_label}</strong>
      </p>
      {answer.intake_exceptions_labels.length > 0 && (
        <Banner tone="warning" title={words.exceptions}>
          <p>{answer.intake_exceptions_labels.join(". ")}</p>
          <p>{words.exceptionsText}</p>
        </Banner>
      )}
      <ul className="plain">
        {answer.services.flatMap((service) =>
          service.codes.map((code) => (
            <li key={`${service.service} ${code.code}`}>
              <strong>{code.code}</strong> {code.code_label}{" "}
              <Tag tone="info">{code.requirement_label}</Tag>
              {code.decided_by_label && (
                <span className="small">
                  {words.decidedBy(code.decided_by_label, code.retrospective)}
                </span>
              )}
              <div className="small">{code.next_step.text}</div>
            </li>
          )),
        )}
      </ul>
      {answer.notices.map((notice) => (
        <p key={notice} className="small">
          {notice}
        </p>
      ))}
    </Card>
  );
}

/** Confirm for the provider that lines go to a delegated vendor, as providers do in their form. */
function Vendors({
  answer,
  errors,
  confirmed,
  onChange,
}: {
  answer: Schemas["RequirementsResponse"] | undefined;
  errors: readonly Schemas["ErrorItem"][];
  confirmed: readonly string[];
  onChange: (confirmed: string[]) => void;
}) {
  const names = new Map(answer?.vendors.map((vendor) => [vendor.vendor_id, vendor.name]));
  const missing = errors
    .filter((error) => error.pointer === CONFIRMED_VENDORS)
    .flatMap((error) => error.choices ?? []);
  const vendors = [...new Set([...names.keys(), ...missing, ...confirmed])];
  if (vendors.length === 0) {
    return null;
  }
  return (
    <Card title={words.vendors}>
      <p>{words.vendorsText}</p>
      {vendors.map((vendor) => (
        <CheckboxField
          key={vendor}
          pointer={`/content/confirmed_vendors/${vendor}`}
          label={words.confirmVendor(names.get(vendor) ?? vendor)}
          checked={confirmed.includes(vendor)}
          onChange={(checked) =>
            onChange([...confirmed.filter((one) => one !== vendor), ...(checked ? [vendor] : [])])
          }
        />
      ))}
    </Card>
  );
}
