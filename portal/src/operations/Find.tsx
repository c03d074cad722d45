import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, api, type Schemas, unwrap } from "../api/client";
import { formatDay, formatDays } from "../format/dates";
import { text } from "../text";
import { Button } from "../ui/Button";
import { ErrorBanner, ErrorSummary } from "../ui/ErrorSummary";
import { byPointer } from "../ui/errors";
import { FormErrors, RadioField, TextField } from "../ui/fields";
import { named } from "../ui/named";
import { Card, Damaged, Empty, StatusBadge } from "../ui/parts";
import { type Column, Table } from "../ui/Table";
import { NumberLink } from "./NumberLink";

const words = text.operations;

type By = "number" | "member_id" | "request_id";

interface Search {
  by: By;
  value: string;
}

type FoundPage = Schemas["FoundRequestsResponse"];

const BY = [
  { code: "number", name: words.byNumber },
  { code: "member_id", name: words.byMember },
  { code: "request_id", name: words.byId },
] as const;

/** Any request by number, member or id. What is typed is sent in the body and stays out of the address. */
export function Find() {
  const [by, setBy] = useState<By>("number");
  const [value, setValue] = useState("");
  const [attempt, setAttempt] = useState(0);
  const [found, setFound] = useState<{ search: Search; pages: readonly FoundPage[] } | null>(null);
  const find = useMutation({
    mutationFn: ({ search, cursor }: { search: Search; cursor: string | null }) =>
      unwrap(
        api.POST("/v1/operations/requests/search", {
          body: {
            limit: 25,
            cursor,
            number: null,
            member_id: null,
            request_id: null,
            [search.by]: search.value,
          },
        }),
      ),
    onSuccess: (page, { search, cursor }) =>
      setFound((before) => ({
        search,
        pages: cursor === null ? [page] : [...(before?.pages ?? []), page],
      })),
    onError: () => setAttempt((before) => before + 1),
  });
  const rows = found?.pages.flatMap((page) => page.requests) ?? [];
  const next = found?.pages.at(-1)?.cursor ?? null;
  const errors = find.error instanceof ApiError ? find.error.errors : [];
  return (
    <Card title={words.find}>
      <FormErrors value={byPointer(errors)}>
        <ErrorSummary
          errors={named(errors, (pointer) => (pointer === `/${by}` ? words.value[by] : undefined))}
          attempt={attempt}
        />
        {errors.length === 0 && <ErrorBanner error={find.error} />}
        <form
          className="find"
          onSubmit={(event) => {
            event.preventDefault();
            if (!find.isPending) {
              find.mutate({ search: { by, value: value.trim() }, cursor: null });
            }
          }}
        >
          <RadioField
            pointer="/by"
            label={words.findBy}
            choices={BY}
            value={by}
            onChange={(code) => setBy(code as By)}
          />
          <TextField pointer={`/${by}`} label={words.value[by]} value={value} onChange={setValue} />
          <Button look="primary" type="submit" pending={find.isPending}>
            {text.common.search}
          </Button>
        </form>
      </FormErrors>
      {found && (
        <>
          <Damaged entries={found.pages.flatMap((page) => page.damaged)} />
          {rows.length === 0 && next === null ? (
            <Empty>{words.foundNone}</Empty>
          ) : (
            <Table
              caption={words.found}
              columns={FOUND}
              rows={rows}
              rowKey={(row) => row.request_id}
            />
          )}
          {next !== null && (
            <Button
              pending={find.isPending}
              onClick={() => find.mutate({ search: found.search, cursor: next })}
            >
              {words.more}
            </Button>
          )}
        </>
      )}
    </Card>
  );
}

const FOUND: readonly Column<Schemas["PlanRowResponse"]>[] = [
  {
    key: "number",
    title: words.columns.number,
    heading: true,
    cell: (row) => <NumberLink id={row.request_id} number={row.number ?? words.draft} />,
  },
  {
    key: "status",
    title: words.columns.status,
    cell: (row) => <StatusBadge status={row.status} label={row.status_label} />,
  },
  {
    key: "patient",
    title: words.columns.patient,
    cell: (row) => [row.patient, formatDay(row.date_of_birth)].filter(Boolean).join(", "),
  },
  {
    key: "dates",
    title: words.columns.dates,
    cell: (row) => formatDays(row.first_day, row.last_day),
  },
  { key: "plan", title: words.columns.plan, cell: (row) => row.plan.name },
  { key: "channel", title: words.columns.channel, cell: (row) => row.channel_label },
];
