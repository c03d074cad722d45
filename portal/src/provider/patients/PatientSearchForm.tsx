/** Finds a patient by member id or SSN. The SSN is in memory only, and only until the answer is here. */
import { skipToken, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { ApiError, api, type Schemas, unwrap } from "../../api/client";
import { formatDay } from "../../format/dates";
import { text } from "../../text";
import { announce } from "../../ui/announce";
import { Button } from "../../ui/Button";
import { ErrorBanner, ErrorSummary } from "../../ui/ErrorSummary";
import { byPointer, explain } from "../../ui/errors";
import { DateField, FormErrors, RadioField, TextField } from "../../ui/fields";
import { named } from "../../ui/named";
import { Banner, Card, Damaged, Empty, WithPhones } from "../../ui/parts";
import { stillSent } from "../../ui/stillSent";
import { useStored } from "../../ui/stored";
import { Table } from "../../ui/Table";
import { SsnField } from "./SsnField";
import { EMPTY_SEARCH, patientOf, type SearchEntry, searchBody } from "./search";

const words = text.provider.patients;
const FOUND = ["patients", "found"];

const NAMES: Readonly<Record<string, string>> = {
  "/member_id": words.memberId,
  "/ssn": words.ssn,
  "/date_of_birth": words.dateOfBirth,
  "/last_name": words.lastName,
  "/first_name": words.firstName,
};

export function PatientSearchForm({
  onSelect,
}: {
  onSelect: (patient: Schemas["Patient"]) => void;
}) {
  const client = useQueryClient();
  const [entry, setEntry, clear] = useStored<SearchEntry>("patient-search", EMPTY_SEARCH);
  const [ssn, setSsn] = useState("");
  const [sent, setSent] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const found = useQuery<Schemas["PatientsResponse"]>({ queryKey: FOUND, queryFn: skipToken });
  // An answer that arrives after "Clear" or a later search is not shown.
  const latest = useRef(0);
  const search = useMutation({
    // No variables: the cache of mutations would keep the SSN.
    mutationFn: () => unwrap(api.POST("/v1/patients/search", { body: searchBody(entry, ssn) })),
    onMutate: () => {
      client.removeQueries({ queryKey: FOUND });
      latest.current += 1;
      setSent(searchBody(entry, ssn));
      return latest.current;
    },
    onSuccess: (result, _, started) => {
      if (started !== latest.current) {
        return;
      }
      client.setQueryData(FOUND, result);
      setSsn("");
      setSent(null);
      announce(words.found(result.patients.length));
    },
    onError: () => setAttempt((count) => count + 1),
  });
  const set = (change: Partial<SearchEntry>) => setEntry((before) => ({ ...before, ...change }));
  const refused = search.error instanceof ApiError ? search.error.errors : [];
  const errors = stillSent(refused, sent, searchBody(entry, ssn));
  return (
    <>
      <Card>
        <FormErrors value={byPointer(errors)}>
          {errors.length > 0 ? (
            <>
              <ErrorSummary errors={named(errors, (pointer) => NAMES[pointer])} attempt={attempt} />
              <p>{explain(search.error)}</p>
            </>
          ) : (
            refused.length === 0 && <ErrorBanner error={search.error} />
          )}
          <form
            autoComplete="off"
            noValidate
            onSubmit={(event) => {
              event.preventDefault();
              if (!search.isPending) {
                search.mutate();
              }
            }}
          >
            <RadioField
              pointer="/by"
              label={words.by}
              value={entry.by}
              onChange={(by) => set({ by: by === "ssn" ? "ssn" : "member_id" })}
              choices={[
                { code: "member_id", name: words.memberId },
                { code: "ssn", name: words.ssn },
              ]}
            />
            <div className="form-grid">
              {entry.by === "ssn" ? (
                <SsnField pointer="/ssn" value={ssn} onChange={setSsn} />
              ) : (
                <TextField
                  pointer="/member_id"
                  label={words.memberId}
                  hint={words.memberIdHint}
                  value={entry.member_id}
                  onChange={(member_id) => set({ member_id })}
                />
              )}
              <DateField
                pointer="/date_of_birth"
                label={words.dateOfBirth}
                value={entry.date_of_birth}
                onChange={(date_of_birth) => set({ date_of_birth })}
              />
              <TextField
                pointer="/last_name"
                label={words.lastName}
                value={entry.last_name}
                onChange={(last_name) => set({ last_name })}
              />
              <TextField
                pointer="/first_name"
                label={words.firstName}
                value={entry.first_name}
                onChange={(first_name) => set({ first_name })}
              />
            </div>
            <div className="form-actions">
              <Button look="primary" type="submit" pending={search.isPending}>
                {search.isPending ? words.searching : text.common.search}
              </Button>
              <Button
                look="quiet"
                onClick={() => {
                  latest.current += 1;
                  clear();
                  setSsn("");
                  search.reset();
                  client.removeQueries({ queryKey: FOUND });
                }}
              >
                {text.common.clear}
              </Button>
            </div>
          </form>
        </FormErrors>
      </Card>
      {found.data && <Results result={found.data} onSelect={onSelect} />}
    </>
  );
}

function Results({
  result,
  onSelect,
}: {
  result: Schemas["PatientsResponse"];
  onSelect: (patient: Schemas["Patient"]) => void;
}) {
  const { patients, damaged, notices } = result;
  return (
    <Card title={words.results}>
      {notices.map((notice) => (
        <Banner key={notice} tone="warning">
          <p>
            <WithPhones>{notice}</WithPhones>
          </p>
        </Banner>
      ))}
      <Damaged entries={damaged} />
      {patients.length === 0 ? (
        // The notices say what to do.
        notices.length === 0 && <Empty>{words.noneFound}</Empty>
      ) : (
        <>
          {patients.length > 1 && <p>{words.several}</p>}
          <Table
            caption={words.found(patients.length)}
            columns={[
              {
                key: "id",
                title: words.memberId,
                heading: true,
                className: "mono",
                cell: (one) => one.member_id,
              },
              {
                key: "birth",
                title: words.dateOfBirth,
                cell: (one) => formatDay(one.date_of_birth),
              },
              { key: "last", title: words.lastName, cell: (one) => one.last_name },
              { key: "first", title: words.firstName, cell: (one) => one.first_name },
              {
                key: "account",
                title: words.account,
                cell: (one) => [one.account, one.account_name].filter(Boolean).join(" – "),
              },
              {
                key: "action",
                title: text.common.actions,
                cell: (one) => (
                  <Button look="primary" onClick={() => onSelect(patientOf(one))}>
                    {words.confirm}
                    <span className="visually-hidden"> {one.member_id}</span>
                  </Button>
                ),
              },
            ]}
            rows={patients}
            rowKey={(one) => one.member_id}
          />
        </>
      )}
    </Card>
  );
}
