"""Defects of the portal, each of which breaks one of its rules (V1 to V15)."""

from typing import Final

from tests.rule_defects import Defect

PORTAL_DEFECTS: Final = (
    Defect("V1", "portal/src/provider/patients/SsnField.tsx", "useState(false)", "useState(true)"),
    Defect(
        "V2",
        "portal/src/provider/patients/Patient.tsx",
        'coverageSentences(coverage, today()).join(" ")',
        "coverageSentences(coverage, today())[0]",
    ),
    Defect(
        "V3",
        "portal/src/shell/areas.ts",
        "entitlements.includes(area.entitlement)",
        'entitlements.length >= 0 && area.path !== ""',
    ),
    Defect(
        "V4",
        "portal/src/provider/patients/PatientRequests.tsx",
        'queryKey: ["requests", "patient", memberId, tin, filters]',
        'queryKey: ["requests", "patient", tin, filters]',
    ),
    Defect(
        "V4",
        "portal/src/provider/patients/Patient.tsx",
        "if (coverage.check_available) {",
        "if (coverage.active) {",
    ),
    Defect(
        "V4",
        "portal/src/provider/patients/PatientRequests.tsx",
        "getNextPageParam: (page) => page.cursor",
        "getNextPageParam: () => null",
    ),
    Defect(
        "V5",
        "portal/src/request-form/ProviderSearch.tsx",
        'const query = { zip_code: zip, kind: kind as Schemas["ProviderKind"], name: typed };',
        'const query = { zip_code: zip, kind: "FACILITY" as Schemas["ProviderKind"], name: typed };',
    ),
    Defect(
        "V6",
        "portal/src/request-form/useForms.ts",
        'queryKey: ["form", choices],',
        'queryKey: ["form", { ...choices, authorization_type: null }],',
    ),
    Defect(
        "V7",
        "portal/src/request-form/Procedures.tsx",
        "onChange([...procedures, ...newProcedures(codes, service)])",
        "onChange(newProcedures(codes, service))",
    ),
    Defect(
        "V8",
        "portal/src/provider/check/ServicesStep.tsx",
        "{service.procedures.map((procedure) => (\n          <li",
        "{service.procedures.slice(1).map((procedure) => (\n          <li",
    ),
    Defect(
        "V8",
        "portal/src/provider/check/ServicesStep.tsx",
        "services: before.services.map((one, at) => (at === index ? service : one))",
        "services: before.services.map((one, at) => (at === 0 ? service : one))",
    ),
    Defect(
        "V9",
        "portal/src/provider/check/AnswerStep.tsx",
        "<Tag tone={TAG_TONES[code.requirement]}>{code.requirement_label}</Tag>",
        "<Tag tone={TAG_TONES[code.requirement]}>{service.codes[0]?.requirement_label}</Tag>",
    ),
    Defect(
        "V9",
        "portal/src/provider/check/AnswerStep.tsx",
        "...normalized(state.content),\n        purpose",
        "...normalized({ ...state.content, services: [] }),\n        purpose",
    ),
    Defect(
        "V9",
        "portal/src/provider/check/documents.ts",
        'confirmation", { body: { content }',
        'confirmation", { body: { content: { ...content, services: content.services.slice(0, 1) } }',
    ),
    Defect(
        "V10",
        "portal/src/request-form/Procedures.tsx",
        "onChange={(modifiers) => change(index, { modifiers })}",
        "onChange={(modifiers) => change(0, { modifiers })}",
    ),
    Defect(
        "V10",
        "portal/src/request-form/ProviderCards.tsx",
        "onChange({ ...(value ?? emptyProvider()), phone: entry || null })",
        "onChange({ ...(value ?? emptyProvider()), phone: value?.phone ?? null })",
    ),
    Defect(
        "V10",
        "portal/src/provider/request/Documents.tsx",
        "onFiles([...event.dataTransfer.files]);",
        "onFiles([...event.dataTransfer.files].slice(0, 1));",
    ),
    Defect(
        "V11",
        "portal/src/provider/request/autosave.ts",
        '    this.#later(this.#state.phase === "retrying" ? this.#wait() : PAUSE_MS);',
        '    if (this.#state.phase === "retrying") {\n      this.#later(this.#wait());\n    }',
    ),
    Defect(
        "V11", "portal/src/format/dates.ts", "return config().payer.time_zone;", 'return "UTC";'
    ),
    Defect(
        "V12",
        "portal/src/provider/request/Review.tsx",
        'const COLUMNS = ["start_date", "units", "unit_type", "modifiers"] as const;',
        'const COLUMNS = ["start_date", "modifiers"] as const;',
    ),
    Defect(
        "V13",
        "portal/src/provider/request/Review.tsx",
        "{validation.data && errors.length === 0 && !blocked && (",
        "{validation.data && !blocked && (",
    ),
    Defect(
        "V13",
        "portal/src/provider/request/Review.tsx",
        "onClick={submission.submit}",
        "onClick={onBack}",
    ),
    Defect(
        "V14",
        "portal/src/provider/request/Submitted.tsx",
        "<CopyButton value={details.number}",
        "<CopyButton value={requestId}",
    ),
    Defect(
        "V14",
        "portal/src/provider/request/Submitted.tsx",
        '<LinkButton to="/requests">',
        '<LinkButton to="/home">',
    ),
    Defect("V15", "portal/src/provider/requests/rows.ts", '  MODIFY: "dialog",\n', ""),
)
