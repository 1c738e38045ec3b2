/** Why a request is refused, in one sentence: `NAME must RULE (got VALUE)`. What to do about it is the `fix` of the problem. */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;
/** Parameters that are known to readers from other routes: where they work, and what to ask for here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  convertTo:
    'amounts are converted in attribution reports and comparisons; here, ask for one currency with currency, or by=currency',
};

/** The first of what breaks the rules. `part`: which part of the request it is, for what has no name of its own. */
export function refusalOf(issues: readonly Issue[], asked: unknown, part: string): string {
  const [issue] = issues;
  if (issue === undefined) return `the ${part} must be valid`;
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const name = path.length === 0 ? `a name in the ${part}` : `a name in ${path.join('.')}`;
    const elsewhere = issue.keys.flatMap((key) => (Object.hasOwn(ELSEWHERE, key) ? (ELSEWHERE[key] ?? []) : []));
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
