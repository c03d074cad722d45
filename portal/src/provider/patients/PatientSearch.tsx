import { useNavigate } from "react-router";
import type { Schemas } from "../../api/client";
import { text } from "../../text";
import { Page } from "../../ui/parts";
import { writeStored } from "../../ui/stored";
import "../../styles/provider.css";
import { PatientSearchForm } from "./PatientSearchForm";

export function PatientSearch() {
  const navigate = useNavigate();
  return (
    <Page title={text.provider.patients.title} lead={text.provider.patients.lead}>
      <PatientSearchForm
        onSelect={(patient: Schemas["Patient"]) => {
          writeStored("patient", patient);
          navigate("/patients/current");
        }}
      />
    </Page>
  );
}
