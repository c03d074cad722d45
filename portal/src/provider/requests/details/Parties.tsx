/** Who and what the request is about: providers, services, plan. */
import type { ReactNode } from "react";
import type { Schemas } from "../../../api/client";
import { medicationWords } from "../../../details/medication";
import { Unmatched } from "../../../details/RequestContent";
import { formatDay } from "../../../format/dates";
import { formatAddress, formatTin } from "../../../format/identifiers";
import { text } from "../../../text";
import { Card, Facts, Phone } from "../../../ui/parts";
import { withWords } from "./lines";

const words = text.provider.content;

type Labels = Readonly<Record<string, string>>;

export function Providers({
  content,
  labels,
  temporary = [],
}: {
  content: Schemas["RequestContent"];
  labels: Labels;
  /** Providers that did not match the directory. */
  temporary?: readonly Schemas["TemporaryProviderResponse"][];
}) {
  const { servicing_provider, requesting_provider } = content;
  return (
    <Card title={words.providers}>
      <h3>{words.servicing}</h3>
      <Provider provider={servicing_provider} kind={labels["/servicing_provider/kind"]} />
      <h3>{words.requesting}</h3>
      <Provider provider={requesting_provider} kind={labels["/requesting_provider/kind"]} />
      <Unmatched temporary={temporary} />
    </Card>
  );
}

function Provider({
  provider,
  kind,
}: {
  provider: Schemas["Provider"] | null;
  kind: string | undefined;
}) {
  if (provider === null) {
    return <p>{text.common.none}</p>;
  }
  return (
    <Facts
      items={[
        [words.name, provider.name],
        [words.kind, kind],
        [words.tin, formatTin(provider.tin)],
        [words.npi, provider.npi],
        [words.address, formatAddress(provider.address)],
        [words.phone, provider.phone && <Phone number={provider.phone} />],
        [words.fax, provider.fax && <Phone number={provider.fax} />],
      ]}
    />
  );
}

export function Services({
  content,
  labels,
  plan,
  numbers = [],
}: {
  content: Schemas["RequestContent"];
  labels: Labels;
  plan: Schemas["PlanResponse"];
  /** The numbers of the services where the content has some of them only. */
  numbers?: readonly number[];
}) {
  return (
    <Card title={words.services}>
      {content.services.map((service, index) => {
        const at = `/services/${index}`;
        const label = (name: string, code: string | null): ReactNode =>
          labels[`${at}/${name}`] ?? code;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the index is the service's number.
          <section key={index}>
            <h3>{words.service(numbers[index] ?? index + 1)}</h3>
            <Facts
              items={[
                [words.authorizationType, label("authorization_type", service.authorization_type)],
                [words.typeOfService, label("type_of_service", service.type_of_service)],
                [words.placeOfService, label("place_of_service", service.place_of_service)],
                [words.urgency, label("urgency", service.urgency)],
                [words.admissionDate, formatDay(service.admission_date)],
                [words.serviceDate, formatDay(service.service_date)],
                [words.requestedDays, service.requested_days],
                [
                  words.primaryDiagnosis,
                  withWords(service.primary_diagnosis, labels[`${at}/primary_diagnosis`]),
                ],
                [
                  words.additionalDiagnoses,
                  service.additional_diagnoses
                    .map((code, nth) =>
                      withWords(code, labels[`${at}/additional_diagnoses/${nth}`]),
                    )
                    .join("; "),
                ],
                [words.medication, medicationWords(service.medication, labels, `${at}/medication`)],
              ]}
            />
          </section>
        );
      })}
      <h3>{words.plan}</h3>
      <Facts
        items={[
          [words.planName, plan.name],
          [words.planType, plan.plan_type_label ?? plan.plan_type],
          [words.lineOfBusiness, plan.line_of_business_label ?? plan.line_of_business],
          [words.purpose, labels["/purpose"]],
        ]}
      />
    </Card>
  );
}
