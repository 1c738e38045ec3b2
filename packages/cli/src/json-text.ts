/** JSON that people write by hand: read with a byte order mark, and refused by line and column. */

/** `reason` is a sentence's end: `line 2, column 3: JSON has no comments`. */
export type ReadJson = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

export function readJson(text: string): ReadJson {
  const json = text.replace(/^\ufeff/, '');
  try {
    const scan = new Scan(json);
    scan.document();
    return { ok: true, value: JSON.parse(json) };
  } catch (error) {
    if (!(error instanceof Misplaced)) return { ok: false, reason: (error as Error).message };
    const lines = json.slice(0, error.at).split('\n');
    return { ok: false, reason: `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}: ${error.message}` };
  }
}

class Misplaced extends Error {
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/** Depth of a file; definitions have six levels. */
const MOST_LEVELS = 100;
const TOKEN =
  /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]/y;

/** Looks for the first place that is not JSON, and for keys that stand twice: `JSON.parse` names neither. */
class Scan {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value(0);
    const rest = this.#token();
    if (rest !== '') throw this.#misplaced('only one value may stand in the file', rest);
  }

  #value(level: number): void {
    if (level > MOST_LEVELS) throw this.#misplaced(`nested deeper than ${MOST_LEVELS} levels`);
    const token = this.#take('a value is missing');
    if (token === '{') this.#object(level);
    else if (token === '[') this.#array(level);
    else if (/^[}\],:]$/.test(token)) throw this.#misplaced('a value must stand here', token);
  }

  #object(level: number): void {
    const keys = new Set<string>();
    if (this.#skip('}')) return;
    for (;;) {
      const token = this.#take('a key in quotes must stand here');
      if (!token.startsWith('"')) throw this.#misplaced('a key in quotes must stand here', token);
      const key = JSON.parse(token) as string;
      if (keys.has(key)) throw this.#misplaced(`the key ${token} stands twice. Keep one`, token);
      keys.add(key);
      const colon = this.#take('a colon must stand here');
      if (colon !== ':') throw this.#misplaced('a colon must stand here', colon);
      this.#value(level + 1);
      if (this.#more('}')) return;
    }
  }

  #array(level: number): void {
    if (this.#skip(']')) return;
    do this.#value(level + 1);
    while (!this.#more(']'));
  }

  /** After an item: true where the end comes, false after a comma. */
  #more(end: string): boolean {
    const need = `a comma or ${end} must stand here`;
    const token = this.#take(need);
    if (token !== end && token !== ',') throw this.#misplaced(need, token);
    return token === end;
  }

  /** Takes the token where it comes next. */
  #skip(wanted: string): boolean {
    const at = this.#at;
    const isThere = this.#token() === wanted;
    if (!isThere) this.#at = at;
    return isThere;
  }

  #take(need: string): string {
    const token = this.#token();
    if (token === undefined) throw this.#misplaced(this.#unreadable(need));
    if (token === '') throw this.#misplaced(`the text ends here, and ${need}`);
    return token;
  }

  /** The next one; '' at the end, undefined where none can be read. */
  #token(): string | undefined {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) this.#at += 1;
    if (this.#at >= this.#text.length) return '';
    TOKEN.lastIndex = this.#at;
    const token = TOKEN.exec(this.#text)?.[0];
    this.#at += token?.length ?? 0;
    return token;
  }

  #unreadable(need: string): string {
    const rest = this.#text.slice(this.#at);
    if (/^(\/\/|\/\*|#)/.test(rest)) return 'JSON has no comments. Remove it';
    if (this.#at === 0 && /^(---|[\w-]+ *:)/.test(rest)) return 'this is YAML. Write the file as JSON';
    if (rest.startsWith("'")) return 'JSON quotes with ". Replace the apostrophes';
    if (rest.startsWith('"')) return 'a text is not closed, or holds a control character or an unknown escape';
    return need;
  }

  #misplaced(message: string, token = ''): Misplaced {
    return new Misplaced(this.#at - token.length, message);
  }
}
