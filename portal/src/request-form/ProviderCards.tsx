/** The two providers of a request: chosen from the directory, or entered manually. */
import { type ReactNode, useState } from "react";
import { text } from "../text";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { fieldId } from "../ui/errors";
import { FieldErrorText, GroupErrors, useErrorsBelow, useFieldErrors } from "../ui/fields";
import { Card, Damaged } from "../ui/parts";
import { useReplacement } from "../ui/Undo";
import { emptyProvider, type Provider } from "./content";
import { type FormField, fieldNamed } from "./form";
import { PhoneField, ProviderFacts, ProviderFields } from "./ProviderParts";
import { ProviderSearch } from "./ProviderSearch";
import { isSameProvider } from "./providers";
import { useRequestingProviders } from "./remembered";

const t = text.requestForm;

interface ProviderPartProps {
  pointer: string;
  field: FormField | undefined;
  value: Provider | null;
  storeKey: string;
  frequent: boolean | undefined;
  onChange: (value: Provider | null) => void;
}

export function ServicingProvider({
  pointer,
  field,
  value,
  storeKey,
  frequent,
  onChange,
}: ProviderPartProps) {
  const [choosing, choose] = useState(false);
  const replacement = useProviderReplacement(value, onChange);
  return (
    <Card
      title={field?.label ?? t.servicingTitle}
      actions={
        <Button onClick={() => choose(true)}>{value ? t.changeProvider : t.chooseProvider}</Button>
      }
    >
      <ProviderEntry pointer={pointer} field={field} value={value} onChange={onChange} phone />
      {replacement.notice}
      <ProviderDialog
        title={field?.label ?? t.servicingTitle}
        open={choosing}
        onClose={() => choose(false)}
      >
        <ProviderSearch
          pointer={pointer}
          storeKey={storeKey}
          frequent={frequent}
          field={field}
          initialKind="FACILITY"
          action={t.takeProvider}
          onChoose={(provider) => {
            choose(false);
            replacement.choose(provider);
          }}
        />
      </ProviderDialog>
    </Card>
  );
}

export function RequestingProvider({
  pointer,
  field,
  value,
  storeKey,
  frequent,
  servicing,
  onChange,
}: ProviderPartProps & { servicing: Provider | null }) {
  const [choosing, setChoosing] = useState(false);
  const usual = useRequestingProviders();
  const replacement = useProviderReplacement(value, onChange);
  const choose = (provider: Provider) => {
    setChoosing(false);
    replacement.choose(provider);
  };
  const others = usual.providers.filter((provider) => !isSameProvider(provider, value));
  const suggestions = (
    <>
      <Damaged entries={usual.damaged} />
      <div className="form-actions">
        {servicing && !isSameProvider(servicing, value) && (
          <Button onClick={() => choose(servicing)}>{t.sameAsServicing}</Button>
        )}
        {others.map((provider) => (
          <Button
            key={`${provider.provider_id} ${provider.name} ${provider.tin}`}
            onClick={() => choose(provider)}
          >
            {t.chooseRemembered(provider.name ?? "")}
          </Button>
        ))}
      </div>
    </>
  );
  return (
    <Card
      title={field?.label ?? t.requestingTitle}
      actions={
        <Button onClick={() => setChoosing(true)}>
          {value ? t.changeProvider : t.chooseProvider}
        </Button>
      }
    >
      <p className="field-hint">{t.requestingHint}</p>
      <ProviderEntry pointer={pointer} field={field} value={value} onChange={onChange} />
      {replacement.notice}
      {value === null && suggestions}
      <ProviderDialog
        title={field?.label ?? t.requestingTitle}
        open={choosing}
        onClose={() => setChoosing(false)}
      >
        <ProviderSearch
          pointer={pointer}
          storeKey={storeKey}
          frequent={frequent}
          field={field}
          initialKind="INDIVIDUAL"
          action={t.takeProvider}
          onChoose={choose}
          suggestions={suggestions}
        />
      </ProviderDialog>
    </Card>
  );
}

/** A provider that was entered manually can be restored after another one is chosen. */
function useProviderReplacement(
  value: Provider | null,
  onChange: (value: Provider | null) => void,
): { choose: (provider: Provider) => void; notice: ReactNode } {
  const { replace, notice } = useReplacement(value, onChange);
  const manual = value !== null && value.provider_id === null;
  return {
    notice,
    choose: (provider) =>
      replace(
        provider,
        t.providerReplaced(value?.name ?? ""),
        manual && !isSameProvider(provider, value),
      ),
  };
}

function ProviderDialog(props: {
  title: string;
  open: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  return <Dialog wide {...props} />;
}

/**
 * A provider as it is: from the directory with its phone number to confirm, or entered manually with all fields.
 */
function ProviderEntry({
  pointer,
  field,
  value,
  onChange,
  phone = false,
}: Omit<ProviderPartProps, "storeKey" | "frequent"> & { phone?: boolean }) {
  const whole = useFieldErrors(pointer);
  const below = useErrorsBelow(pointer);
  const phoneField = fieldNamed(field?.fields ?? [], "phone");
  const [editing, edit] = useState(false);
  const manual = value !== null && value.provider_id === null;
  const onlyPhone = useFieldErrors(`${pointer}/phone`);
  const incorrect = below.length > whole.length + onlyPhone.length;
  if (value !== null && (incorrect || editing)) {
    return (
      <>
        <GroupErrors pointer={pointer} />
        <ProviderFields
          pointer={pointer}
          fields={field?.fields ?? []}
          value={value}
          onChange={onChange}
        />
      </>
    );
  }
  return (
    <div id={fieldId(pointer)} tabIndex={-1}>
      <FieldErrorText id={`${fieldId(pointer)}-error`} errors={whole} />
      {value ? <ProviderFacts provider={value} phone={!phone} /> : <p>{t.noProvider}</p>}
      {manual && (
        <Button look="quiet" onClick={() => edit(true)}>
          {t.editProvider}
        </Button>
      )}
      {value && phone && (
        <div className="narrow">
          <PhoneField
            pointer={`${pointer}/phone`}
            label={phoneField?.label ?? t.phone}
            optional={phoneField?.required_for === null}
            value={value.phone ?? ""}
            onChange={(entry) => onChange({ ...(value ?? emptyProvider()), phone: entry || null })}
          />
        </div>
      )}
    </div>
  );
}
