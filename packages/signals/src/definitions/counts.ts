/** What definitions count over all users, as functions of an event: checked once for all who ask. */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { EVENT_FIELDS } from '../expressions/fields.ts';
import { type Predicate, predicateOf } from '../expressions/function.ts';
import type { FieldTerm, Term } from '../expressions/term.ts';
import { createCompiler, type Path, visit } from './compiler.ts';
import { read, refusedAt } from './refuse.ts';
import { Count, MOST_COUNTS, Name } from './schema.ts';
import { typesOf } from './selected.ts';

export interface CompiledCount {
  readonly name: string;
  readonly version: string;
  /** null: all. */
  readonly types: readonly string[] | null;
  /** On the event as it was sent. null: no further condition. */
  readonly where: Term | null;
  readonly holds: Predicate | null;
  readonly by: FieldTerm;
  /** The value that an event counts for. */
  readonly readValue: (event: Event) => unknown;
}

export interface CompiledCounts {
  readonly all: readonly CompiledCount[];
  /** The types of events that may count; null: any. */
  readonly types: ReadonlySet<string> | null;
}

const NOTHING: CompiledCounts = { all: [], types: new Set() };
const compiled = new WeakMap<Definitions, CompiledCounts>();

/** Throws `invalid_definitions` that names the place; stored definitions were checked before they came into force. */
export function countsOf(definitions: Definitions): CompiledCounts {
  if (definitions.counts === undefined) return NOTHING;
  let known = compiled.get(definitions);
  if (known === undefined) compiled.set(definitions, (known = compile(definitions)));
  return known;
}

/** Whether an event, as it was sent, counts there. */
export function isCounted({ types, holds }: CompiledCount, sent: Event): boolean {
  return (types === null || types.includes(sent.type)) && (holds === null || holds(sent));
}

/** Whether an event of this type may count: then it must be given whole. */
export function mayCount(type: string, definitions: Definitions): boolean {
  if (definitions.counts === undefined) return false;
  const { types } = countsOf(definitions);
  return types === null || types.has(type);
}

function compile({ counts = {}, countVersions, derived }: Definitions): CompiledCounts {
  const checksOf = createCompiler(derived?.fields ?? {}, 0);
  const names = Object.keys(counts);
  if (names.length > MOST_COUNTS)
    throw refusedAt(['counts'], `have at most ${MOST_COUNTS} counts`, `${names.length}`, 'Remove some');
  const all = names.map((name): CompiledCount => {
    const at = ['counts', name];
    read(Name, name, at);
    const { count, where = null, by } = read(Count, counts[name], at);
    const checks = checksOf();
    const term = where === null ? null : checks.term(where, [...at, 'where']);
    if (term !== null) demandLookedAt(term, [...at, 'where']);
    const field = checks.field(by, [...at, 'by']);
    if (field.type !== 'text') throw refusedAt([...at, 'by'], 'name a field of type text', `${by}: ${field.type}`);
    demandKept(by, COUNTED_BY, [...at, 'by']);
    return {
      name,
      version: countVersions.get(name) as string,
      types: typesOf(count),
      where: term,
      holds: term === null ? null : predicateOf(term, checks.fields),
      by: { op: 'field', type: 'text', name: by, ...(field.steps !== undefined && { steps: field.steps }) },
      readValue: field.read,
    };
  });
  const isAny = all.some(({ types }) => types === null);
  return { all, types: isAny ? null : new Set(all.flatMap(({ types }) => types ?? [])) };
}

/** Both layers have these of each event, and none of them says who sent it. */
const COUNTED_BY: readonly string[] = ['type', 'channel', 'campaign', 'currency', 'page', 'element'];
const LOOKED_AT: readonly string[] = [...COUNTED_BY, 'ts', 'cost', 'value'];

/** Conditions of what is counted over all users name such fields alone. */
export function demandLookedAt(term: Term, path: Path): void {
  visit(term, (named) => demandKept(named, LOOKED_AT, path));
}

/** A field of events, not of `properties`, that is kept. */
function demandKept(name: string, kept: readonly string[], path: Path): void {
  if (!EVENT_FIELDS.has(name) || kept.includes(name)) return;
  throw refusedAt(path, `name one of ${kept.join(', ')}, or a field under "fields"`, JSON.stringify(name));
}
