/** One setting: what it may be, how its text is read, and the sentence about a text that it cannot take. */

interface Described {
  /** What the number counts: `ms`, `bytes`, `port`, … It bounds the number where the setting has no bound of its own. */
  readonly unit?: string;
  readonly why: string;
  /** What is wrong with a value beside the others. Asked once each value alone is right. */
  readonly beside?: (value: Value, all: Values) => Wrong | undefined;
}
export type Setting =
  | (Described & {
      readonly type: 'string';
      readonly default: string;
      readonly oneOf?: readonly string[];
      readonly wrong?: (text: string) => Wrong | undefined;
      /** The text as a message may quote it; for what may hold a password. */
      readonly shown?: (text: string) => string;
    })
  | (Described & {
      readonly type: 'int';
      readonly default: number;
      readonly min?: number;
      readonly max?: number;
      readonly orZero?: true;
    })
  | (Described & { readonly type: 'bool'; readonly default: boolean });

export type Value = string | number | boolean;
export type Values = Readonly<Record<string, Value>>;

/** The two parts of a sentence: `NAME must <must> (got VALUE). <fix>` */
export interface Wrong {
  readonly must: string;
  readonly fix: string;
}

/** By unit. A timer of Node that is set to more milliseconds than fit into 31 bits fires after one. */
const MOST: Readonly<Record<string, number>> = { port: 65_535, ms: 2_147_483_647, bytes: 2 ** 40, MiB: 2 ** 20 };
/** For whatever else is counted. */
const MOST_COUNTED = 1_000_000_000;

export function boundsOf(setting: Extract<Setting, { type: 'int' }>): { readonly min: number; readonly max: number } {
  return { min: setting.min ?? 0, max: setting.max ?? MOST[setting.unit ?? ''] ?? MOST_COUNTED };
}

/** The value of a text that is not blank, or what is wrong with it. */
export function readValue(setting: Setting, text: string): { readonly value: Value } | Wrong {
  const otherwise = setting.default === '' ? 'or leave it out.' : `or leave it out for the default, ${setting.default}.`;
  if (setting.type === 'int') {
    const { min, max } = boundsOf(setting);
    const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && ((value >= min && value <= max) || (value === 0 && setting.orZero === true)))
      return { value };
    const counts = setting.unit === undefined || setting.unit === 'port' ? '' : ` (${setting.unit})`;
    return {
      must: `be ${setting.orZero === true ? '0 or ' : ''}a whole number from ${min} to ${max}`,
      fix: `Write digits only${counts}, ${otherwise}`,
    };
  }
  if (setting.type === 'bool') {
    if (text === 'true' || text === '1') return { value: true };
    if (text === 'false' || text === '0') return { value: false };
    return { must: 'be true or false', fix: `Write one of them, ${otherwise}` };
  }
  if (setting.oneOf !== undefined && !setting.oneOf.includes(text))
    return { must: `be one of ${setting.oneOf.join(', ')}`, fix: `Write one of them, ${otherwise}` };
  const wrong = setting.wrong?.(text);
  if (wrong !== undefined) return wrong;
  if (setting.shown === undefined && text !== text.trim())
    return { must: 'not begin or end with a space', fix: 'Take the space away.' };
  return { value: text };
}

/** One line that names the setting, the rule, the value and the fix. */
export function sentence(name: string, { must, fix }: Wrong, setting: Setting, text: string): string {
  const shown = setting.type === 'string' ? setting.shown : undefined;
  return `${name} must ${must} (got ${shown === undefined ? quoted(text) : shown(text)}). ${fix}`;
}

const LONGEST = 100;

/** On one line, with what cannot be seen as its code, and without the user and the password of an address. */
export function quoted(text: string): string {
  const open = withoutLogin(text);
  const part = open.length > LONGEST ? `${open.slice(0, LONGEST)}…` : open;
  return JSON.stringify(part).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u00a0\u3000]/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  });
}

/** A password may hold any character: what stands before the last "@" is hidden, where it is a login of an address, with its scheme or without. */
function withoutLogin(text: string): string {
  const [, scheme = '', login = ''] = /^((?:[a-z][a-z0-9+.-]*:)?\/\/)?(.*)@/is.exec(text) ?? [];
  const hidden = scheme !== '' || login.includes(':') ? `${scheme}…${text.slice(scheme.length + login.length)}` : text;
  return hidden.replace(/\/\/[^/\s]*@/g, '//…@');
}
