/** Text files as people send them: decoded, also from the code pages of Windows and DOS, which no browser guesses. */

export type Encoding = "Unicode" | "windows-1252" | "IBM437" | "IBM850";

export interface PlainText {
  text: string;
  encoding: Encoding;
  /** Whether it is only the beginning of the file. */
  cut: boolean;
}

const MAX_BYTES = 1_000_000;

/** Bytes from 0x80 in code page 437, in which DOS programs of the United States write. */
const CODE_PAGE_437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐" +
  "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

/** Bytes from 0x80 in code page 850, in which DOS programs of Western Europe write. */
const CODE_PAGE_850 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐" +
  "└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0";

/** Bytes from 0x80 to 0x9f in windows-1252; the others are those of Latin-1. */
const WINDOWS_1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

/** The first one applies where several are equally plausible. */
const CODE_PAGES: readonly [Encoding, string][] = [
  ["windows-1252", WINDOWS_1252],
  ["IBM437", CODE_PAGE_437],
  ["IBM850", CODE_PAGE_850],
];

export function decodeText(file: Uint8Array, most = MAX_BYTES): PlainText {
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
    const [first, ...others] = CODE_PAGES.map(([encoding, page]) => {
      const text = decoded(bytes, (byte) => page[byte - 0x80]);
      return { text: withoutEnd(text), encoding, plausible: plausibility(text) };
    });
    const best = others.reduce(
      (one, other) => (other.plausible > one.plausible ? other : one),
      first as Guess,
    );
    return { text: best.text, encoding: best.encoding };
  }
}

interface Guess {
  text: string;
  encoding: Encoding;
  plausible: number;
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
const UPPER = /\p{Lu}/u;
const LOWER = /\p{Ll}/u;
const GREEK = /\p{Script=Greek}/u;
const LATIN = /\p{Script=Latin}/u;
/** What text hardly has; the other code page has letters or signs in its place. */
const RARE = /[⌐⌠⌡∩₧ⁿ‗¸¨¯¦ı\u00ad]/;
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
  if (CONTROL.test(character) || RARE.test(character)) {
    return false;
  }
  if (BOX.test(character)) {
    return [before, after].some((one) => BOX.test(one)) || (isBlank(before) && isBlank(after));
  }
  if (LETTER.test(character)) {
    const repeated = character === before || character === after;
    // A Greek letter can end a word, as in TNFα, and does not stand before a Latin one.
    const mixed = GREEK.test(character) && LATIN.test(after);
    const inWord = !mixed && (LETTER.test(before) || LETTER.test(after));
    const cased = LOWER.test(character)
      ? !(UPPER.test(before) && UPPER.test(after))
      : !(UPPER.test(character) && LOWER.test(before));
    return inWord && cased && !repeated && !/\d/.test(before + after);
  }
  if (LETTER.test(before)) {
    return (LETTER.test(after) ? JOINING : CLOSING).test(character);
  }
  return true;
}

function isBlank(character: string): boolean {
  return /\s/.test(character);
}
