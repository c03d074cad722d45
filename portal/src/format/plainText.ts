/** Text files as people send them: decoded, also from the code pages of Windows and DOS, which no browser guesses. */

export type Encoding = "Unicode" | "windows-1252" | "IBM437";

export interface PlainText {
  text: string;
  encoding: Encoding;
  /** Whether it is only the beginning of the file. */
  cut: boolean;
}

const MOST_BYTES = 1_000_000;

/** Bytes from 0x80 in code page 437, in which DOS programs of the United States write. */
const CODE_PAGE_437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐" +
  "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

/** Bytes from 0x80 to 0x9f in windows-1252; the others are those of Latin-1. */
const WINDOWS_1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

export function decodeText(file: Uint8Array, most = MOST_BYTES): PlainText {
  const cut = file.length > most;
  return { ...decode(file.subarray(0, most), cut), cut };
}

function decode(bytes: Uint8Array, cut: boolean): Pick<PlainText, "text" | "encoding"> {
  const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  if (mark === 0xfffe || mark === 0xfeff) {
    const label = mark === 0xfffe ? "utf-16le" : "utf-16be";
    return { text: new TextDecoder(label).decode(bytes), encoding: "Unicode" };
  }
  try {
    // The last character of a part can be incomplete.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: cut });
    return { text: withoutEnd(text), encoding: "Unicode" };
  } catch {
    const windows = decoded(bytes, (byte) => WINDOWS_1252[byte - 0x80]);
    const dos = decoded(bytes, (byte) => CODE_PAGE_437[byte - 0x80]);
    return plausibility(dos) > plausibility(windows)
      ? { text: withoutEnd(dos), encoding: "IBM437" }
      : { text: withoutEnd(windows), encoding: "windows-1252" };
  }
}

/** DOS ends a file with Ctrl-Z, and fills its last block. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && END.includes(text[end - 1] ?? "")) {
    end -= 1;
  }
  return text.slice(0, end);
}

const END = "\u001a\0";

function decoded(bytes: Uint8Array, characterOf: (byte: number) => string | undefined): string {
  return Array.from(bytes, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : (characterOf(byte) ?? String.fromCharCode(byte)),
  ).join("");
}

const LETTER = /\p{L}/u;
const BOX = /[\u2500-\u259f]/;
const CONTROL = /[\u0080-\u009f]/;
/** What can be inside a word, as in *patient’s*. */
const JOINING = /[’‘–—·´]/;
/** What can follow a word. */
const CLOSING = /[’”»…–—™®©°²³·\u00a0]/;

/** How many characters outside of ASCII are where such characters are in text: letters in words, signs outside. */
export function plausibility(text: string): number {
  let sum = 0;
  for (const { index } of text.matchAll(/[^\0-\x7f]/g)) {
    sum += fits(text[index] ?? "", text[index - 1] ?? " ", text[index + 1] ?? " ") ? 1 : -1;
  }
  return sum;
}

function fits(character: string, before: string, after: string): boolean {
  if (CONTROL.test(character)) {
    return false;
  }
  if (BOX.test(character)) {
    return [before, after].some((one) => BOX.test(one)) || (isBlank(before) && isBlank(after));
  }
  if (LETTER.test(character)) {
    const repeated = character === before || character === after;
    const inWord = LETTER.test(before) || LETTER.test(after);
    return inWord && !repeated && !/\d/.test(before + after);
  }
  if (LETTER.test(before)) {
    return (LETTER.test(after) ? JOINING : CLOSING).test(character);
  }
  return true;
}

function isBlank(character: string): boolean {
  return /\s/.test(character);
}
