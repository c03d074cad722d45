/** The documents of a check. */
import { api } from "../../api/client";
import { saveAnswer } from "../../api/download";
import type { Content } from "../../request-form/content";

export function downloadConfirmation(content: Content, fileName: string): Promise<void> {
  return saveAnswer(
    fileName,
    api.POST("/v1/checks/confirmation", { body: { content }, parseAs: "blob" }),
  );
}

export function downloadExport(
  content: Content,
  vendor_id: string,
  fileName: string,
): Promise<void> {
  return saveAnswer(
    fileName,
    api.POST("/v1/checks/export", { body: { content, vendor_id }, parseAs: "blob" }),
  );
}
