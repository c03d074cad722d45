import { useIsMutating, useMutation, useQueryClient } from "@tanstack/react-query";
import { applyAnswer } from "../api/latest";
import type { CaseDetails } from "./Case";

export const caseKey = (requestId: string) => ["case", requestId] as const;

/** What a change of a case makes outdated. */
export const changedBy = (requestId: string) => [caseKey(requestId), ["worklist"]] as const;

/**
 * A call that changes a case. While one runs, the others of the case wait: `busy`. Afterwards the page has the
 * version that the call answered.
 */
export function useCaseCall<Answer, Input = void>(
  { request_id }: CaseDetails,
  {
    call,
    onSend,
    onDone,
    onError,
  }: {
    call: (input: Input) => Promise<Answer>;
    onSend?: () => void;
    onDone: (answer: Answer, input: Input) => void;
    onError?: () => void;
  },
) {
  const client = useQueryClient();
  const record = caseKey(request_id);
  const busy = useIsMutating({ mutationKey: record }) > 0;
  const mutation = useMutation<Answer, Error, Input>({
    mutationKey: record,
    mutationFn: call,
    onMutate: () => onSend?.(),
    onSuccess: async (answer, input) => {
      await applyAnswer(client, record, answer);
      onDone(answer, input);
    },
    onError: () => onError?.(),
    onSettled: () => {
      // Also after a refusal, which can follow from a change such as a new document: the page shows it.
      for (const queryKey of changedBy(request_id)) {
        client.invalidateQueries({ queryKey });
      }
    },
  });
  return { ...mutation, busy };
}
