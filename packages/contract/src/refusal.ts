/** Why a request is refused, in one sentence: `NAME must RULE (got VALUE)`. What to do about it is the `fix` of the problem. */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** For schemas without a rule of their own; each completes `NAME must …`. */
export function ruleOf(issue: RawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return bound(issue.origin, 'at least', Number(issue.minimum));
    case 'too_big':
      return bound(issue.origin, 'at most', Number(issue.maximum));
    case 'invalid_value':
      return `be one of ${issue.values.join(', ')}`;
    case 'unrecognized_keys':
      return `be one of ${namesOf(issue.inst).join(', ') || 'none: nothing is taken here'}`;
    default:
      return 'be valid';
  }
}

function bound(origin: string, side: string, limit: number): string {
  if (origin === 'string') return `have ${side} ${limit} characters`;
  if (origin === 'array') return `have ${side} ${limit} ${limit === 1 ? 'element' : 'elements'}`;
  return `be ${side} ${limit}`;
}

/** Parameters that are known to readers from other routes: where they work, and what to ask for here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  convertTo:
    'amounts are converted in attribution reports and comparisons; here, ask for one currency with currency, or by=currency',
};

function namesOf(schema: unknown): string[] {
  return Object.keys((schema as { shape?: object } | undefined)?.shape ?? {});
}

/** The first of what breaks the rules. `part`: which part of the request it is, for what has no name of its own. */
export function refusalOf(issues: readonly Issue[], asked: unknown, part: string): string {
  const [issue] = issues;
  if (issue === undefined) return `the ${part} must be valid`;
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const name = path.length === 0 ? `a name in the ${part}` : `a name in ${path.join('.')}`;
    const elsewhere = issue.keys.flatMap((key) => ELSEWHERE[key] ?? []);
    return [`${name} must ${issue.message} (got ${issue.keys.map(shown).join(', ')})`, ...elsewhere].join(': ');
  }
  const value = path.reduce<unknown>((whole, key) => (whole as Record<PropertyKey, unknown> | null)?.[key], asked);
  return `${path.length === 0 ? `the ${part}` : path.join('.')} must ${issue.message} (got ${shown(value)})`;
}

const SHOWN = 80;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
