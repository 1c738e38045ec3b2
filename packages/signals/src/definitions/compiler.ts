/** What definitions are checked against while they are read: the fields, and the bounds that all of them share. */

import { EVENT_FIELDS, type Field, type Fields, propertyField } from '../expressions/fields.ts';
import { type Predicate, predicateOf } from '../expressions/function.ts';
import { createParser, ExpressionTrouble, isFreeName } from '../expressions/parse.ts';
import type { Term } from '../expressions/term.ts';
import { typesOf } from '../expressions/types-of.ts';
import type { ReadFields } from '../line-reader.ts';
import { durationText } from './duration.ts';
import { nearest, read, refusedAt } from './refuse.ts';
import { Field as FieldSchema, MOST_FIELDS, MOST_PATH, MOST_TERMS, Name, PATH } from './schema.ts';

export type Path = readonly PropertyKey[];

/** The checks of one definition. */
export interface Checks {
  readonly retainedMs: number;
  /** Throws `invalid_definitions` where the text is not an expression, or all are too much together. */
  term(text: string, path: Path): Term;
  /** The same as a function, with the event types that it may hold for; null: any. */
  condition(text: string, path: Path): Condition;
  /** Every field that a term may name. */
  readonly fields: Fields;
  /** Throws where there is not such a field. */
  field(name: string, path: Path): Field;
  /** Throws where records are not kept for so long. */
  demandKept(reachMs: number, path: Path, fix?: string): void;
  /** The fields of `properties` that were named, with where they come from. */
  taken(): Readonly<Record<string, unknown>>;
  /** Names of fields that are read, and were not named. */
  alsoRead(names: readonly string[]): void;
  /** All that are read, by their names. */
  read(): readonly string[];
  /** What events must have for that. */
  reads(): ReadFields;
}

export interface Condition {
  readonly term: Term;
  readonly holds: Predicate;
  readonly types: ReadonlySet<string> | null;
}

/** Checks for one definition after the other: some bounds are of all of them together. */
export function createCompiler(raw: Readonly<Record<string, unknown>>, retainedMs: number): () => Checks {
  const own = fieldsOf(raw);
  const fields: Fields = new Map([...EVENT_FIELDS, ...[...own].map(([name, { field }]) => [name, field] as const)]);
  const parser = createParser(fields);
  let terms = 0;
  const parse = (text: string, path: Path): Term => {
    try {
      return parser.parse(text);
    } catch (cause) {
      if (!(cause instanceof ExpressionTrouble)) throw cause;
      const got = `${JSON.stringify(text.slice(0, 100))}: at character ${cause.at + 1}, ${cause.message}`;
      throw refusedAt(path, 'be a condition in CEL on the fields of one event', got, fixOf(cause, fields));
    }
  };

  return () => {
    const named = new Set<string>();
    const readNames = new Set<string>();
    const note = (name: string) => {
      readNames.add(name);
      if (own.has(name)) named.add(name);
    };
    const bounded = (text: string, path: Path): Term => {
      const term = parse(text, path);
      terms += visit(term, note);
      if (terms > MOST_TERMS)
        throw refusedAt(
          path,
          `hold with all other expressions at most ${MOST_TERMS} terms`,
          `${terms}`,
          'Write shorter expressions',
        );
      return term;
    };
    return {
      retainedMs,
      fields,
      condition(text, path) {
        const term = bounded(text, path);
        return { term, holds: predicateOf(term, fields), types: typesOf(term) };
      },
      term: bounded,
      field(name, path) {
        const field = fields.get(name);
        if (field === undefined)
          throw refusedAt(path, 'name a field of events, or one under "fields"', JSON.stringify(name), meantOf(name, fields));
        note(name);
        return field;
      },
      demandKept(reachMs, path, fix = 'Shorten it, or raise signalRetention.days') {
        if (reachMs > retainedMs)
          throw refusedAt(
            path,
            `look back at most ${durationText(retainedMs)}, as records are kept no longer`,
            durationText(reachMs),
            fix,
          );
      },
      taken() {
        return Object.fromEntries([...named].sort().map((name) => [name, own.get(name)?.from]));
      },
      alsoRead(names) {
        for (const name of names) readNames.add(name);
      },
      read: () => [...readNames],
      reads() {
        const names = [...readNames];
        return {
          fields: new Set(names.filter((name) => !own.has(name))),
          properties: new Set(names.flatMap((name) => own.get(name)?.key ?? [])),
        };
      },
    };
  };
}

interface OwnField {
  readonly field: Field;
  readonly from: unknown;
  /** That of `properties` under which it lies. */
  readonly key: string;
}

function fieldsOf(raw: Readonly<Record<string, unknown>>): ReadonlyMap<string, OwnField> {
  const names = Object.keys(raw);
  if (names.length > MOST_FIELDS) throw refusedAt(['fields'], `have at most ${MOST_FIELDS} fields`, `${names.length}`);
  return new Map(
    names.map((name) => {
      const at = ['fields', name];
      read(Name, name, at);
      if (EVENT_FIELDS.has(name))
        throw refusedAt(at, 'have a name that no field of events has', JSON.stringify(name), 'Rename it');
      if (!isFreeName(name)) throw refusedAt(at, 'have a name that CEL leaves free', JSON.stringify(name), 'Rename it');
      const given = read(FieldSchema, raw[name], at);
      const { from, type } = typeof given === 'string' ? { from: given, type: 'text' as const } : given;
      if (from.length > MOST_PATH || !PATH.test(from))
        throw refusedAt(
          typeof given === 'string' ? at : [...at, 'from'],
          'be a path such as "properties.price"',
          JSON.stringify(from),
        );
      const key = from.split('.')[1] as string;
      return [name, { field: propertyField(from, type), from: { from, type }, key }] as const;
    }),
  );
}

/** How many terms there are. */
export function visit(term: Term, note: (field: string) => void): number {
  const all = (...parts: readonly Term[]) => parts.reduce((sum, part) => sum + visit(part, note), 1);
  switch (term.op) {
    case 'literal':
      return 1;
    case 'field':
      note(term.name);
      return 1;
    case 'present':
      note(term.field.name);
      return 1;
    case 'not':
      return all(term.of);
    case 'in':
      return all(term.item) + term.list.length;
    case 'text':
      return all(term.of, term.part);
    case 'if':
      return all(term.condition, term.yes, term.no);
    default:
      return all(term.left, term.right);
  }
}

function fixOf({ message }: ExpressionTrouble, fields: Fields): string | undefined {
  const [, name] = /^Unknown variable: (\w+)/.exec(message) ?? [];
  return name === undefined ? undefined : meantOf(name, fields);
}

function meantOf(name: string, fields: Fields): string {
  const meant = nearest(name, fields.keys());
  return meant === undefined
    ? `Write {"fields": {"${name}": "properties.${name}"}} to take it from properties`
    : `Write "${meant}"`;
}
