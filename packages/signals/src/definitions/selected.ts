/** Which events a definition is of. */
import { predicateOf } from '../expressions/function.ts';
import type { Term } from '../expressions/term.ts';
import { type Select, selectBy } from '../kinds/select.ts';
import type { Selector } from '../resolved.ts';
import type { Checks, Path } from './compiler.ts';

/** Events of these types where the condition holds; null: all. */
export interface EventSelection {
  readonly types: readonly string[] | null;
  readonly where: Term | null;
}

interface Selected {
  readonly selection: EventSelection;
  readonly select: Select;
}

export function selected({ types, where }: Selector, path: Path, checks: Checks): Selected {
  const term = where === null ? null : checks.term(where, path);
  return { selection: { types, where: term }, select: selectBy(types, term === null ? null : predicateOf(term, checks.fields)) };
}

/** null: all. */
export function typesOf(given: string | readonly string[]): readonly string[] | null {
  const types = typeof given === 'string' ? [given] : [...new Set(given)];
  return types.includes('*') ? null : types;
}

export function eitherTypes(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  return a === null || b === null ? null : [...new Set([...a, ...b])];
}
