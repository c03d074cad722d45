/** One patient: coverage, and the drafts and requests of the TIN for this patient. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Navigate, useNavigate } from "react-router";
import { ApiError, api, type Schemas, unwrap } from "../../api/client";
import { useMe } from "../../api/queries";
import { formatDay, today } from "../../format/dates";
import { text } from "../../text";
import { Button, LinkButton } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ErrorBanner } from "../../ui/ErrorSummary";
import { Loading } from "../../ui/Loading";
import { Banner, Facts, Page, WithPhones } from "../../ui/parts";
import { Region } from "../../ui/Region";
import { readStored, useStored } from "../../ui/stored";
import { beginCheck } from "../check/state";
import "../../styles/provider.css";
import { coverageSentences } from "./coverage";
import { PatientRequests } from "./PatientRequests";
import { Tabs } from "./Tabs";

const words = text.provider.patient;
type Identity = Schemas["Patient"];

export function Patient() {
  const [patient] = useState(() => readStored<Identity>("patient"));
  return patient === null ? <Navigate to="/patients" replace /> : <Confirmed patient={patient} />;
}

function Confirmed({ patient }: { patient: Identity }) {
  const me = useMe();
  const [tab, setTab] = useStored("patient-tab", "requests");
  const query = useQuery({
    queryKey: ["patient", patient],
    queryFn: () => unwrap(api.POST("/v1/patients/confirm", { body: { patient } })),
  });
  const name = `${patient.first_name} ${patient.last_name}`;
  const coverage = query.data;
  // The tab is there only with the entitlement.
  const entitled = me.data?.entitlements.includes("PatientSearch") ?? false;
  const tabs = [
    ...(entitled
      ? [
          {
            key: "requests",
            title: words.precertifications,
            content: (
              <Region>
                <PatientRequests memberId={patient.member_id} />
              </Region>
            ),
          },
        ]
      : []),
    {
      key: "coverage",
      title: words.coverage,
      content: coverage ? <CoverageDetails coverage={coverage} /> : <Loading shape="facts" />,
    },
  ];
  return (
    <Page
      wide
      title={words.title}
      lead={
        <>
          <strong>{name}</strong> · {words.born(formatDay(patient.date_of_birth))} ·{" "}
          {words.memberId(patient.member_id)}
        </>
      }
      actions={coverage && <Start coverage={coverage} patient={patient} />}
    >
      {query.isError && (
        <>
          <ErrorBanner
            error={query.error}
            {...(query.error instanceof ApiError && query.error.status === 404
              ? {}
              : { onRetry: () => query.refetch() })}
          />
          <LinkButton to="/patients">{words.searchAgain}</LinkButton>
        </>
      )}
      {query.isPending && <Loading shape="record" />}
      {coverage && (
        <>
          <Banner tone={coverage.active ? "success" : "warning"}>
            <p>{coverageSentences(coverage, today()).join(" ")}</p>
          </Banner>
          {coverage.notices.map((notice) => (
            <Banner key={notice}>
              <p>
                <WithPhones>{notice}</WithPhones>
              </p>
            </Banner>
          ))}
          <Tabs label={words.tabs} tabs={tabs} selected={tab} onSelect={setTab} />
        </>
      )}
    </Page>
  );
}

function Start({ coverage, patient }: { coverage: Schemas["PatientResponse"]; patient: Identity }) {
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  if (coverage.check_available) {
    return (
      <Button
        look="primary"
        onClick={() => {
          beginCheck(patient);
          navigate("/check");
        }}
      >
        {words.startCheck}
      </Button>
    );
  }
  return (
    <>
      <Button look="primary" onClick={() => setOpen(true)}>
        {words.nextSteps}
      </Button>
      <Dialog
        title={words.nextSteps}
        open={open}
        onClose={() => setOpen(false)}
        actions={<Button onClick={() => setOpen(false)}>{text.common.close}</Button>}
      >
        <p>{coverage.next_steps}</p>
      </Dialog>
    </>
  );
}

function CoverageDetails({ coverage }: { coverage: Schemas["PatientResponse"] }) {
  const { plan } = coverage;
  return (
    <Facts
      items={[
        [words.plan, plan?.name],
        [words.planType, plan && (plan.plan_type_label ?? plan.plan_type)],
        [words.lineOfBusiness, plan && (plan.line_of_business_label ?? plan.line_of_business)],
        [words.managementLevel, plan?.management_level],
        [words.state, plan?.state],
        [words.activeFrom, formatDay(coverage.active_from)],
        [words.activeTo, formatDay(coverage.active_to)],
        [
          words.referral,
          coverage.referral_needed === null
            ? null
            : coverage.referral_needed
              ? text.common.yes
              : text.common.no,
        ],
        [
          text.provider.patients.account,
          [coverage.account, coverage.account_name].filter(Boolean).join(" – "),
        ],
      ]}
    />
  );
}
