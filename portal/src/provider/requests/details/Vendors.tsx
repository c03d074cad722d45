/** What delegated vendors decide: whom to call, and the document for the vendor's own system. */
import { useMutation } from "@tanstack/react-query";
import { api, type Schemas, unwrap } from "../../../api/client";
import { saveFile } from "../../../api/download";
import { formatMoment } from "../../../format/dates";
import { formatPhone } from "../../../format/identifiers";
import { text } from "../../../text";
import { Button } from "../../../ui/Button";
import { ErrorBanner } from "../../../ui/ErrorSummary";
import { Card, DueTime, Facts, Phone } from "../../../ui/parts";

const words = text.provider.vendors;

export function Vendors({ details }: { details: Schemas["RequestDetails"] }) {
  const { delegations, delegate } = details;
  if (delegations.length === 0 && delegate === null) {
    return null;
  }
  return (
    <Card title={words.title}>
      {delegations.length === 0 && delegate && <Contacts vendor={delegate} />}
      {delegations.map((one) => (
        <section key={one.vendor.vendor_id}>
          <h3>{one.vendor.name}</h3>
          <p>
            {words.decides(one.line_ids)}{" "}
            {one.reported_at ? words.reported(formatMoment(one.reported_at)) : null}
          </p>
          {!one.reported_at && one.due_at && (
            <p>
              {words.due} <DueTime at={one.due_at} />
            </p>
          )}
          <Contacts vendor={one.vendor} reference={one.reference} />
          {!one.reported_at && (
            <Export details={details} vendorId={one.vendor.vendor_id} name={one.vendor.name} />
          )}
        </section>
      ))}
    </Card>
  );
}

function Contacts({
  vendor,
  reference = null,
}: {
  vendor: Schemas["DelegatedVendorResponse"];
  reference?: string | null;
}) {
  const coordination = vendor.care_coordination;
  return (
    <Facts
      items={[
        [words.reference, reference],
        [
          words.website,
          <a key="url" href={vendor.url} target="_blank" rel="noreferrer">
            {vendor.name}
            <span className="visually-hidden"> {words.newTab}</span>
          </a>,
        ],
        [words.phone, vendor.phone && <Phone number={vendor.phone} />],
        [words.fax, vendor.fax && <Phone number={vendor.fax} />],
        [words.hours, vendor.hours],
        [
          words.careCoordination,
          coordination &&
            [formatPhone(coordination.phone), formatPhone(coordination.fax), coordination.email]
              .filter(Boolean)
              .join(" · "),
        ],
      ]}
    />
  );
}

function Export({
  details,
  vendorId,
  name,
}: {
  details: Schemas["RequestDetails"];
  vendorId: string;
  name: string;
}) {
  const save = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST("/v1/checks/export", { body: { content: details.content, vendor_id: vendorId } }),
      ),
    onSuccess: (bundle) =>
      saveFile(
        `${details.number ?? details.request_id}-${vendorId}.json`,
        "application/fhir+json",
        JSON.stringify(bundle, null, 2),
      ),
  });
  return (
    <>
      <p className="small">{words.exportHint}</p>
      <ErrorBanner error={save.error} />
      <Button pending={save.isPending} onClick={() => save.mutate()}>
        {words.export(name)}
      </Button>
    </>
  );
}
