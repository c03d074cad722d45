import { text } from "../text";

/** The number of entries; `complete` is false where only the first ones are counted. */
export interface Counted {
  count: number;
  complete: boolean;
}

/** A filter of a list that is on or off, with the number of entries that it shows. */
export function Toggle({
  label,
  counted,
  on,
  onClick,
}: {
  label: string;
  /** Null where it is not known. */
  counted?: Counted | null | undefined;
  on: boolean;
  onClick: () => void;
}) {
  return (
    <button type="button" className="toggle" aria-pressed={on} onClick={onClick}>
      {label}
      {counted && (
        <>
          {" "}
          <span className="toggle-count" data-empty={counted.count === 0 || undefined}>
            {counted.complete ? (
              counted.count
            ) : (
              <>
                <span aria-hidden="true">{counted.count}+</span>
                <span className="visually-hidden">{text.common.moreThan(counted.count)}</span>
              </>
            )}
          </span>
        </>
      )}
    </button>
  );
}

/** The number of entries of a list that is read by pages. */
export function countedOf(
  shown: number | undefined,
  hasNextPage: boolean | undefined,
): Counted | null {
  return shown === undefined ? null : { count: shown, complete: !hasNextPage };
}
