/** Documents that come as the answer of a POST: the body holds a patient's data, so it is no link. */
import { ApiError, api, NetworkError } from "../../api/client";
import type { Content } from "../../request-form/content";

export async function downloadConfirmation(content: Content, fileName: string): Promise<void> {
  const { data, error, response } = await api.POST("/v1/checks/confirmation", {
    body: { content },
    parseAs: "blob",
  });
  save(data, error, response, fileName);
}

export async function downloadExport(
  content: Content,
  vendor_id: string,
  fileName: string,
): Promise<void> {
  const { data, error, response } = await api.POST("/v1/checks/export", {
    body: { content, vendor_id },
    parseAs: "blob",
  });
  save(data, error, response, fileName);
}

function save(data: unknown, error: unknown, response: Response, fileName: string): void {
  if (!response.ok) {
    const problem = error as ConstructorParameters<typeof ApiError>[1];
    throw new ApiError(response.status, problem ?? null, response.headers.get("X-Request-Id"));
  }
  if (!(data instanceof Blob)) {
    throw new NetworkError();
  }
  const address = URL.createObjectURL(data);
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName;
  document.body.append(link);
  link.click();
  link.remove();
  window.setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
