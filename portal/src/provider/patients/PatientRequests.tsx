import { useInfiniteQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { api, unwrap } from "../../api/client";
import { useTinQuery } from "../../shell/tin";
import { text } from "../../text";
import { Empty } from "../../ui/parts";
import { Choice, FilterBar } from "../requests/FilterBar";
import { filtersOf, orderOf, withParameter } from "../requests/filters";
import { Rows } from "../requests/Rows";
import { ORDERS } from "../requests/rows";
import { useListPolling } from "../requests/useLiveRows";

const words = text.provider.patient;

/** As many as the API lists at once: sorting then holds for nearly every patient. */
const LIMIT = 100;

const NO_FILTERS = { status: null, waiting_on: null, service_from: null, service_to: null };

/** All drafts and requests of the TIN for one patient. */
export function PatientRequests({ memberId }: { memberId: string }) {
  const tin = useTinQuery();
  const [search, setSearch] = useSearchParams();
  const filters = filtersOf(search);
  const order = orderOf(search);
  const query = useInfiniteQuery({
    queryKey: ["requests", "patient", memberId, tin, filters],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.POST("/v1/patients/requests", {
          body: {
            ...NO_FILTERS,
            tin: null,
            ...tin,
            ...filters,
            member_id: memberId,
            limit: LIMIT,
            cursor: pageParam,
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.cursor,
    refetchInterval: useListPolling(),
  });
  const filtered = Object.keys(filters).length > 0;
  return (
    <>
      <FilterBar>
        <Choice
          label={words.order}
          value={order}
          all={null}
          onChange={(value) => setSearch(withParameter(search, "order", value), { replace: true })}
          choices={ORDERS.map((one) => [one, words.orders[one]])}
        />
      </FilterBar>
      <Rows
        query={query}
        caption={words.requestsOf}
        order={order}
        patient={false}
        empty={<Empty>{filtered ? text.provider.filters.nothing : words.noRequests}</Empty>}
      />
    </>
  );
}
