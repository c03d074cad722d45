import { useNavigate } from "react-router";
import { api, unwrap } from "../../api/client";
import { pathOfRow } from "./rows";

/** Find a provider's request by its precertification number, and open it. */
export function useFind(): (number: string) => Promise<void> {
  const navigate = useNavigate();
  return async (number) => {
    const { request } = await unwrap(api.POST("/v1/requests/search", { body: { number } }));
    navigate(pathOfRow(request));
  };
}
