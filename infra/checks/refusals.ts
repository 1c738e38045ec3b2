/**
 * The texts that refuse what somebody sent, typed or configured, as far as they are written out: by reading the source as text, formatted as
 * Biome formats it. A text that is handed to a function which refuses with it is looked for where that function is called.
 */

export interface SourceText {
  readonly file: string;
  readonly text: string;
}

export interface Refusal {
  readonly file: string;
  /** As written: `${…}` stands for what is filled in. */
  readonly said: string;
}

/** Refuses with the text that it is given: by itself, or within the text of `frame`, where `PART` stands for it. */
interface Helper {
  readonly name: string;
  /** Where among its arguments the text stands, from 0. */
  readonly at: number;
  readonly frame: string;
  /** Known in this file alone; undefined: everywhere. */
  readonly file?: string;
  /** Says it all where what is filled in is not a text: no call gives one. */
  readonly otherwise?: Refusal;
}

const PART = '…part…';
const BUILT_IN: readonly Helper[] = [
  { name: 'new UsageError', at: 0, frame: PART },
  { name: 'new InputError', at: 0, frame: PART },
  { name: 'refuse', at: 0, frame: PART },
];

/** `codes`: of errors that refuse a value. */
export function refusalsIn(sources: readonly SourceText[], codes: ReadonlySet<string>): Refusal[] {
  const found = sources.flatMap((source) => thrownIn(source, codes));
  const helpers = [...BUILT_IN, ...found.flatMap(({ helper }) => helper ?? [])];
  const handed = helpers.flatMap((helper) => {
    const given = sources.flatMap((source) => handedTo(helper, source));
    return given.length > 0 ? given : (helper.otherwise ?? []);
  });
  return [...found.flatMap(({ refusal }) => refusal ?? []), ...handed];
}

interface Found {
  readonly refusal?: Refusal;
  readonly helper?: Helper;
}

/** What each error with such a code is given: its text, or the function that is given it. */
function thrownIn({ file, text }: SourceText, codes: ReadonlySet<string>): Found[] {
  return [...text.matchAll(/\b(?:new TributaryError|problem)\(/g)].flatMap(({ 0: call, index }): Found[] => {
    const [code = '', message = ''] = argumentsAt(text, index + call.length);
    if (!codes.has(code.slice(1, -1))) return [];
    const around = enclosing(text, index);
    const written = isIdentifier(message) ? literalsOf(constantBefore(text, message, index)) : literalsOf(message);
    if (written.length === 0) return helperOf({ file, said: '' }, around, message, PART);
    return written.flatMap((said) => {
      const last = /\$\{(\w+)\}\.?$/.exec(said)?.[1];
      const part = around.parameters.find((name) => name === last);
      const frame = part === undefined ? said : said.replace(`\${${part}}`, PART);
      return part === undefined || said.includes(' must ')
        ? [{ refusal: { file, said } }]
        : helperOf({ file, said }, around, part, frame);
    });
  });
}

interface Around {
  readonly name: string;
  readonly isExported: boolean;
  readonly parameters: readonly string[];
}

function helperOf({ file, said }: Refusal, { name, isExported, parameters }: Around, parameter: string, frame: string): Found[] {
  const at = parameters.indexOf(parameter);
  if (at < 0 || name === '') return [];
  return [
    {
      helper: {
        name,
        at,
        frame,
        ...(!isExported && { file }),
        ...(/[a-z]{2}/.test(said.replace(/\$\{[^}]*\}/g, '')) && { otherwise: { file, said } }),
      },
    },
  ];
}

const FUNCTION = /(?:^|\n)\s*(export )?(?:async )?(?:function (\w+)\(|const (\w+) = (?:async )?\()/g;

function enclosing(text: string, index: number): Around {
  const last = [...text.slice(0, index).matchAll(FUNCTION)].at(-1);
  if (last === undefined) return { name: '', isExported: false, parameters: [] };
  const parameters = argumentsAt(text, last.index + last[0].length).map((parameter) => /^\w*/.exec(parameter)?.[0] ?? '');
  return { name: last[2] ?? last[3] ?? '', isExported: last[1] !== undefined, parameters };
}

function constantBefore(text: string, name: string, index: number): string {
  const start = text.lastIndexOf(`const ${name} =`, index);
  return start < 0 ? '' : text.slice(start, text.indexOf(';\n', start));
}

function isIdentifier(text: string): boolean {
  return /^\w+$/.test(text);
}

function handedTo({ name, at, frame, file: only }: Helper, { file, text }: SourceText): Refusal[] {
  if (only !== undefined && only !== file) return [];
  return [...text.matchAll(new RegExp(`(?<![\\w.])(?<!function )${name}\\(`, 'g'))].flatMap(({ 0: call, index }) =>
    literalsOf(argumentsAt(text, index + call.length)[at] ?? '').map((said) => ({ file, said: frame.replace(PART, () => said) })),
  );
}

/** The texts that an expression may be: one, or one of several behind a condition. What another function makes is looked for there. */
function literalsOf(expression: string): string[] {
  if (/^(?:\[|\w[\w.]*\()/.test(expression)) return [];
  const found: string[] = [];
  for (let i = 0; i < expression.length; i++) {
    if (!`'"\``.includes(expression[i] ?? ' ')) continue;
    const end = endOfLiteral(expression, i);
    found.push(expression.slice(i + 1, end));
    i = end;
  }
  return found.filter((said) => said.includes(' '));
}

/** What stands between the parenthesis before `from` and its end, by commas. */
function argumentsAt(text: string, from: number): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = from;
  for (let i = from; i < text.length; i++) {
    const character = text[i] ?? '';
    if (`'"\``.includes(character)) i = endOfLiteral(text, i);
    else if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character) && depth-- === 0) return [...parts, text.slice(start, i).trim()].filter(Boolean);
    else if (character === ',' && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return parts;
}

/** Where the literal that begins at `from` ends. */
function endOfLiteral(text: string, from: number): number {
  const quote = text[from];
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === quote) return i;
    else if (quote === '`' && text.startsWith('${', i)) i = endOfFilling(text, i + 2);
  }
  return text.length;
}

/** Where the `}` is that ends what is filled into a template. */
function endOfFilling(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const character = text[i] ?? '';
    if (`'"\``.includes(character)) i = endOfLiteral(text, i);
    else if (character === '{') depth++;
    else if (character === '}' && depth-- === 0) return i;
  }
  return text.length;
}
