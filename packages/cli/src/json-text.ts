/** JSON that people write by hand: read with a byte order mark, and refused by line and column. */
import { jsonTrouble, troubleText } from '@tributary/model/reading/json-trouble';

/** `reason` is a sentence's end: `line 2, column 3: JSON has no comments`. */
export type ReadJson = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

export function readJson(text: string): ReadJson {
  const json = text.replace(/^\ufeff/, '');
  const trouble = jsonTrouble(json);
  return trouble === undefined ? { ok: true, value: JSON.parse(json) } : { ok: false, reason: troubleText(trouble) };
}
