/** Phone numbers, TINs and sizes in people's form. */

const PHONE =
  /^[^\da-z]{0,3}(?:1[^\da-z]{0,3})?(\d{3})[^\da-z]{0,3}(\d{3})[^\da-z]{0,3}(\d{4})(?!\d)/i;

/**
 * Ten digits as "(216) 555-0100", with the extension that follows; anything else as it is. Texts of the API
 * have the same form.
 */
export function formatPhone(phone: string | null | undefined): string {
  return (phone ?? "").replace(PHONE, "($1) $2-$3");
}

/** The link of a phone number, without an extension. */
export function phoneLink(phone: string): string {
  const [, ...digits] = PHONE.exec(phone) ?? [];
  return `tel:${digits.length > 0 ? digits.join("") : phone.replace(/[^\d+]/g, "")}`;
}

/** A text of the API at its phone numbers: every second part is one. */
export function splitAtPhones(text: string): readonly string[] {
  return text.split(/(\(\d{3}\) \d{3}-\d{4})/);
}

/** "463778226" -> "46-3778226". */
export function formatTin(tin: string | null | undefined): string {
  return tin && /^\d{9}$/.test(tin) ? `${tin.slice(0, 2)}-${tin.slice(2)}` : (tin ?? "");
}

/**
 * The number by which the sender knows a request. An EHR identifies a claim by a naming system and a value;
 * people know the value.
 */
export function formatReference(
  reference: string | null | undefined,
  channel: string | null | undefined,
): string {
  return channel === "API" ? (reference?.split("|").at(-1) ?? "") : (reference ?? "");
}

/** Bytes as KB or MB of 1,024, as the limits of documents are stated. */
export function formatSize(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) {
    return "";
  }
  if (bytes < 1024) {
    return `${bytes} B`;
  }
  const [value, unit] = bytes < 1024 ** 2 ? [bytes / 1024, "KB"] : [bytes / 1024 ** 2, "MB"];
  return `${new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 }).format(value)} ${unit}`;
}

/** An address on one line. */
export function formatAddress(
  address:
    | { line_1: string; line_2?: string | null; city: string; state: string; zip_code: string }
    | null
    | undefined,
): string {
  if (!address) {
    return "";
  }
  const street = [address.line_1, address.line_2].filter(Boolean).join(", ");
  return `${street}, ${address.city}, ${address.state} ${address.zip_code}`;
}
