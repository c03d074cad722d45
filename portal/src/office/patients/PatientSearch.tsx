import { useNavigate } from "react-router";
import type { Schemas } from "../../api/client";
import { text } from "../../text";
import { Page } from "../../ui/parts";
import { writeStored } from "../../ui/stored";
import "../../styles/office.css";
import { PatientSearchForm } from "./PatientSearchForm";

export function PatientSearch() {
  const navigate = useNavigate();
  return (
    <Page title={text.office.patients.title} lead={text.office.patients.lead}>
      <PatientSearchForm
        onSelect={(patient: Schemas["Patient"]) => {
          writeStored("patient", patient);
          navigate("/patients/current");
        }}
      />
    </Page>
  );
}
