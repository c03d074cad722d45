import { useState } from "react";
import type { Content } from "../../request-form/content";
import { fieldNamed } from "../../request-form/form";
import { ProviderFacts, ProviderFields } from "../../request-form/ProviderParts";
import { ProviderSearch } from "../../request-form/ProviderSearch";
import type { Update } from "../../request-form/RequestForm";
import { useRequestFields } from "../../request-form/useForms";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { useErrorsBelow } from "../../ui/fields";
import { Card } from "../../ui/parts";

const t = text.provider.check;
const POINTER = "/content/servicing_provider";

/** Step 1: who performs the service. */
export function ServicingStep({
  content,
  onChange,
  onDone,
}: {
  content: Content;
  onChange: Update;
  onDone: () => void;
}) {
  const field = fieldNamed(useRequestFields(), "servicing_provider");
  const provider = content.servicing_provider;
  const [searching, search] = useState(provider === null);
  const incorrect = useErrorsBelow(POINTER).length > 0;
  if (provider !== null && incorrect) {
    return (
      <Card title={t.leadServicing}>
        <ProviderFields
          pointer={POINTER}
          fields={field?.fields ?? []}
          value={provider}
          onChange={(changed) => onChange((before) => ({ ...before, servicing_provider: changed }))}
        />
        <Button look="primary" onClick={onDone}>
          {t.continue}
        </Button>
      </Card>
    );
  }
  if (provider !== null && !searching) {
    return (
      <Card title={t.leadServicing}>
        <ProviderFacts provider={provider} />
        <div className="form-actions">
          <Button look="primary" onClick={onDone}>
            {t.continue}
          </Button>
          <Button onClick={() => search(true)}>{text.requestForm.changeProvider}</Button>
        </div>
      </Card>
    );
  }
  return (
    <Card title={t.leadServicing}>
      <ProviderSearch
        pointer={POINTER}
        storeKey="check.servicing"
        field={field}
        initialKind="FACILITY"
        action={t.continue}
        onChoose={(chosen) => {
          onChange((before) => ({ ...before, servicing_provider: chosen }));
          onDone();
        }}
        {...(provider === null ? {} : { onCancel: () => search(false) })}
      />
    </Card>
  );
}
