/** A provider: shown, or entered manually. */
import { type ComponentProps, useState } from "react";
import { formatAddress, formatPhone, formatTin } from "../format/identifiers";
import { text } from "../text";
import { fieldId } from "../ui/errors";
import { RadioField, SelectField, TextField } from "../ui/fields";
import { Facts, Tag } from "../ui/parts";
import { type Address, emptyAddress, type Provider } from "./content";
import type { FormField } from "./form";

const t = text.requestForm;

export function ProviderFacts({
  provider,
  phone = true,
}: {
  provider: Provider;
  /** Whether the phone number is shown; not where it is a field. */
  phone?: boolean;
}) {
  return (
    <div className="provider">
      <p className="provider-name">
        <strong>{provider.name}</strong> {provider.provider_id === null && <Tag>{t.manual}</Tag>}
      </p>
      <Facts
        items={[
          [t.addressTitle, formatAddress(provider.address)],
          [t.tin, formatTin(provider.tin)],
          [t.npi, provider.npi],
          [t.phone, phone ? formatPhone(provider.phone) : null],
          [t.fax, formatPhone(provider.fax)],
        ]}
      />
    </div>
  );
}

/**
 * A phone number in people's form. While the field has the focus it shows what is entered, so that neither
 * the selection nor the cursor moves; the API accepts both forms.
 */
export function PhoneField({
  value,
  onChange,
  ...props
}: Omit<ComponentProps<typeof TextField>, "onFocus" | "onBlur" | "inputMode">) {
  const [entered, enter] = useState<string | null>(null);
  return (
    <TextField
      {...props}
      inputMode="tel"
      value={entered ?? formatPhone(value)}
      onFocus={() => enter(formatPhone(value))}
      onBlur={() => enter(null)}
      onChange={(next) => {
        enter(next);
        onChange(next);
      }}
    />
  );
}

const NUMERIC = new Set(["npi", "tin"]);
const PHONES = new Set(["phone", "fax"]);

/** The fields of a provider that is entered manually, as the form lists them. */
export function ProviderFields({
  pointer,
  fields,
  value,
  onChange,
}: {
  pointer: string;
  fields: readonly FormField[];
  value: Provider;
  onChange: (value: Provider) => void;
}) {
  const shown = fields.filter((field) => field.name !== "provider_id");
  return (
    <div className="form-grid">
      {shown.map((field) => (
        <ProviderField
          key={field.name}
          pointer={pointer}
          field={field}
          value={value}
          onChange={onChange}
        />
      ))}
    </div>
  );
}

function ProviderField({
  pointer,
  field,
  value,
  onChange,
}: {
  pointer: string;
  field: FormField;
  value: Provider;
  onChange: (value: Provider) => void;
}) {
  const name = field.name as Exclude<keyof Provider, "address">;
  const at = `${pointer}/${name}`;
  const entered = value[name] ?? "";
  // What is entered manually is no entry of the directory any more.
  const set = (entry: string) => onChange({ ...value, provider_id: null, [name]: entry || null });
  const optional = field.required_for === null;
  if (field.kind === "GROUP") {
    return (
      <AddressFields
        pointer={`${pointer}/address`}
        label={field.label}
        value={value.address ?? emptyAddress()}
        onChange={(address) => onChange({ ...value, provider_id: null, address })}
      />
    );
  }
  if (field.kind === "CHOICE") {
    return (
      <RadioField
        pointer={at}
        label={field.label}
        optional={optional}
        value={entered}
        onChange={set}
        choices={field.choices}
      />
    );
  }
  const common = { pointer: at, label: field.label, hint: field.hint, optional };
  return PHONES.has(name) ? (
    <PhoneField {...common} value={entered} onChange={set} />
  ) : (
    <TextField
      {...common}
      value={entered}
      onChange={set}
      inputMode={NUMERIC.has(name) ? "numeric" : "text"}
    />
  );
}

const STATES =
  "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA PR RI SC SD TN TX UT VT VA WA WV WI WY GU VI AS MP"
    .split(" ")
    .sort()
    .map((code) => ({ code, name: code }));

function AddressFields({
  pointer,
  label,
  value,
  onChange,
}: {
  pointer: string;
  label: string;
  value: Address;
  onChange: (value: Address) => void;
}) {
  const field = (name: "line_1" | "line_2" | "city" | "zip_code") => ({
    pointer: `${pointer}/${name}`,
    label: t.address[name],
    value: value[name] ?? "",
    onChange: (entry: string) => onChange({ ...value, [name]: entry }),
  });
  return (
    <fieldset className="field address" id={fieldId(pointer)} tabIndex={-1}>
      <legend className="field-label">{label}</legend>
      <div className="form-grid">
        <TextField {...field("line_1")} />
        <TextField {...field("line_2")} optional />
        <TextField {...field("city")} />
        <SelectField
          pointer={`${pointer}/state`}
          label={t.address.state}
          value={value.state}
          onChange={(state) => onChange({ ...value, state })}
          choices={STATES}
        />
        <TextField {...field("zip_code")} inputMode="numeric" maxLength={5} />
      </div>
    </fieldset>
  );
}
