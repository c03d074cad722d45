import { useMe } from "../api/queries";
import { useStored } from "../ui/stored";

/** The delegated vendor that the person reports for: chosen where the token has several. */
export function useVendor() {
  const vendors = useMe().data?.vendor_ids ?? [];
  const [chosen, choose] = useStored("vendor", "");
  const vendor_id = vendors.includes(chosen) ? chosen : vendors[0];
  return { vendors, vendor_id, choose, query: vendor_id === undefined ? {} : { vendor_id } };
}
