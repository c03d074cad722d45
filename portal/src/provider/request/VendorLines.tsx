import type { Schemas } from "../../api/client";
import { formatPhone } from "../../format/identifiers";
import type { Content } from "../../request-form/content";
import type { Update } from "../../request-form/RequestForm";
import { text } from "../../text";
import { fieldId } from "../../ui/errors";
import { CheckboxField, FieldErrorText, useFieldErrors } from "../../ui/fields";
import { Card, Facts, Phone } from "../../ui/parts";
import { Region } from "../../ui/Region";

const t = text.provider.request;
const POINTER = "/content/confirmed_vendors";

interface VendorLinesProps {
  content: Content;
  lines: readonly Schemas["LineOwnerResponse"][];
  vendors: readonly Schemas["DelegatedVendorResponse"][];
  onChange: Update;
}

/** The lines that delegated vendors decide: the submission needs a confirmation for each vendor. */
export function VendorLines(props: VendorLinesProps) {
  return (
    <Region>
      <Confirmations {...props} />
    </Region>
  );
}

function Confirmations({ content, lines, vendors, onChange }: VendorLinesProps) {
  const errors = useFieldErrors(POINTER);
  if (vendors.length === 0) {
    return null;
  }
  const confirm = (vendorId: string, confirmed: boolean) =>
    onChange((before) => ({
      ...before,
      confirmed_vendors: confirmed
        ? [...before.confirmed_vendors.filter((one) => one !== vendorId), vendorId]
        : before.confirmed_vendors.filter((one) => one !== vendorId),
    }));
  return (
    <Card title={t.vendorsTitle}>
      <p>{t.vendorText}</p>
      <div id={fieldId(POINTER)} tabIndex={-1}>
        <FieldErrorText id={`${fieldId(POINTER)}-error`} errors={errors} />
      </div>
      {vendors.map((vendor) => {
        const codes = lines
          .filter((line) => line.vendor_id === vendor.vendor_id)
          .map((line) => line.code ?? line.line_id);
        return (
          <section key={vendor.vendor_id}>
            <h3>{vendor.name}</h3>
            <VendorContact vendor={vendor} />
            <CheckboxField
              pointer={`${POINTER}/-${vendor.vendor_id}`}
              label={t.vendorConfirm(vendor.name, codes.join(", "))}
              checked={content.confirmed_vendors.includes(vendor.vendor_id)}
              onChange={(checked) => confirm(vendor.vendor_id, checked)}
            />
          </section>
        );
      })}
    </Card>
  );
}

export function VendorContact({ vendor }: { vendor: Schemas["DelegatedVendorResponse"] }) {
  return (
    <>
      <Facts
        items={[
          [text.provider.check.phone, vendor.phone && <Phone key="phone" number={vendor.phone} />],
          [text.provider.check.fax, vendor.fax && <Phone key="fax" number={vendor.fax} />],
          [text.provider.check.hours, vendor.hours],
          [
            text.provider.check.coordination,
            vendor.care_coordination &&
              [formatPhone(vendor.care_coordination.phone), vendor.care_coordination.email]
                .filter(Boolean)
                .join(" · "),
          ],
        ]}
      />
      <p>
        <a href={vendor.url} target="_blank" rel="noopener noreferrer">
          {t.vendorLink(vendor.name)}
          <span className="visually-hidden"> ({t.newTab})</span>
        </a>
      </p>
    </>
  );
}
