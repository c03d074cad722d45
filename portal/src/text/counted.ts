/** A number with its noun, which is given in the singular: 1 code, 3 codes. */
export function counted(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}
