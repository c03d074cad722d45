import { Link } from "react-router";

export function NumberLink({ id, number }: { id: string; number: string | null | undefined }) {
  return <Link to={`/operations/requests/${id}`}>{number ?? id}</Link>;
}
