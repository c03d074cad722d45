/** The dashboard of the TIN. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { api, unwrap } from "../../api/client";
import { useReference } from "../../api/queries";
import { useTinQuery } from "../../shell/tin";
import { text } from "../../text";
import { LinkButton } from "../../ui/Button";
import { Card, Empty, Page } from "../../ui/parts";
import { Region } from "../../ui/Region";
import "../../styles/provider.css";
import { Choice, FilterBar } from "./FilterBar";
import { filtersOf, sortOf, withParameter } from "./filters";
import { NumberSearch } from "./NumberSearch";
import { Rows } from "./Rows";
import { useFind } from "./useFind";
import { useListPolling } from "./useLiveRows";

const words = text.provider.requests;
const LIMIT = 25;

export function Requests() {
  return (
    <Page
      wide
      title={words.title}
      lead={words.lead}
      actions={
        <LinkButton to="/patients" look="primary">
          {text.provider.startWithPatient}
        </LinkButton>
      }
    >
      <NumberSearch onFind={useFind()} />
      <Card>
        <Region>
          <List />
        </Region>
      </Card>
    </Page>
  );
}

function List() {
  const tin = useTinQuery();
  const [search, setSearch] = useSearchParams();
  const orders = useReference().data?.get("sort_orders") ?? [];
  const filters = filtersOf(search);
  const sort = sortOf(search);
  const query = useInfiniteQuery({
    queryKey: ["requests", "list", tin, filters, sort],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/v1/requests", {
          params: {
            query: {
              ...tin,
              ...filters,
              sort,
              limit: LIMIT,
              ...(pageParam && { cursor: pageParam }),
            },
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
          label={words.sort}
          value={sort}
          all={null}
          onChange={(value) => setSearch(withParameter(search, "sort", value), { replace: true })}
          choices={orders.map(({ code, label }) => [code, label])}
        />
      </FilterBar>
      <Rows
        query={query}
        caption={words.title}
        empty={
          filtered ? (
            <Empty>{text.provider.filters.nothing}</Empty>
          ) : (
            <Empty
              action={<LinkButton to="/patients">{text.provider.startWithPatient}</LinkButton>}
            >
              {sort === "due" ? words.nothingDue : words.none}
            </Empty>
          )
        }
      />
    </>
  );
}
