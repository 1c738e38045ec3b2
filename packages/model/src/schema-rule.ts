/** What a schema asks for, as the rule of a refusal: it completes `NAME must …`. */
import type { z } from 'zod';

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

function namesOf(schema: unknown): string[] {
  return Object.keys((schema as { shape?: object } | undefined)?.shape ?? {});
}
