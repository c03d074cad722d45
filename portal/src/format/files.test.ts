import { expect, test } from "vitest";
import { kindOf } from "./files";

test("a file is named by its kind, and by its extension where the kind is not known", () => {
  const kind = (file_name: string, content_type: string) => kindOf({ file_name, content_type });
  expect(kind("note.docx", "application/msword")).toBe("Word document");
  expect(kind("scan.tif", "image/tiff")).toBe("TIFF image");
  expect(kind("study.dcm", "application/dicom")).toBe("DCM file");
});
