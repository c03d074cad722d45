/** An entry of a list that was removed, and its place, so that it can be restored. */
export interface Removed<Item> {
  item: Item;
  index: number;
}

/** The list with a removed entry at its place again, whatever was added or removed after it. */
export function restored<Item>(list: readonly Item[], { item, index }: Removed<Item>): Item[] {
  const at = Math.min(index, list.length);
  return [...list.slice(0, at), item, ...list.slice(at)];
}

/** The list without the entry at an index. */
export function withoutIndex<Item>(list: readonly Item[], index: number): Item[] {
  return list.filter((_, at) => at !== index);
}
