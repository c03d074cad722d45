import { expect, test } from "vitest";
import { decodeText } from "./plainText";

const UNICODE = new TextEncoder();

/** The bytes of a text whose characters from 0x80 are written as they are in its code page. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (one) => one.charCodeAt(0));
}

test.each([
  ["Unicode", UNICODE.encode("José, 37.5 °C, patient’s note"), "José, 37.5 °C, patient’s note"],
  ["Unicode", UNICODE.encode("plain"), "plain"],
  ["Unicode", bytesOf("\xff\xfeJ\0o\0s\0\xe9\0"), "José"],
  ["Unicode", bytesOf("\xfe\xff\0J\0o\0s\0\xe9"), "José"],
  ["windows-1252", bytesOf("Jos\xe9 Mu\xf1oz, Ren\xe9e"), "José Muñoz, Renée"],
  [
    "windows-1252",
    bytesOf("the patient\x92s \x93rest\x94 pain \x96 severe"),
    "the patient’s “rest” pain – severe",
  ],
  ["windows-1252", bytesOf("98.6 \xb0F, 98.6\xb0F, 5 \xb1 2"), "98.6 °F, 98.6°F, 5 ± 2"],
  ["IBM437", bytesOf("Jos\x82 Mu\xa4oz, Mart\xa1nez"), "José Muñoz, Martínez"],
  ["IBM437", bytesOf("M\x81ller, Malm\x94, \x8elan"), "Müller, Malmö, Älan"],
  ["IBM437", bytesOf("98.6\xf8F, 5 \xf1 2"), "98.6°F, 5 ± 2"],
  [
    "IBM437",
    bytesOf("\xda\xc4\xc4\xc4\xbf\n\xb3 x \xb3\n\xc0\xc4\xc4\xc4\xd9"),
    "┌───┐\n│ x │\n└───┘",
  ],
  ["IBM850", bytesOf("\xb5ngel GARC\xd6A, ADMISI\xe0N"), "Ángel GARCÍA, ADMISIÓN"],
  ["IBM850", bytesOf("S\x9dren \x9dstergaard, Jo\xc6o"), "SØren Østergaard, João"],
  ["IBM850", bytesOf("\xf5 3, S\xc6o Paulo"), "§ 3, São Paulo"],
  ["IBM437", bytesOf("TNF\xe0, \xe1-blocker, BP \xf3 120"), "TNFα, ß-blocker, BP ≤ 120"],
  ["IBM437", bytesOf("\xb5\xcd\xd1\xcd\xb8\n\xc6\xd8\xb5"), "╡═╤═╕\n╞╪╡"],
])("a text in %s is decoded", (encoding, bytes, text) => {
  expect(decodeText(bytes)).toEqual({ text, encoding, cut: false });
});

test("the end of a DOS file is left out", () => {
  expect(decodeText(bytesOf("Jos\x82\r\n\x1a\0\0")).text).toBe("José\r\n");
});

test("a part of a long text is decoded without its incomplete last character", () => {
  const part = decodeText(UNICODE.encode("José"), 4);
  expect(part).toEqual({ text: "Jos", encoding: "Unicode", cut: true });
});
