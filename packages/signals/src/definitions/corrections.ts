/** The corrections of definitions as functions of an event: checked once for all who ask. */
import { type Correction, spanOf } from '@tributary/model/corrections';
import type { Definitions } from '@tributary/model/definitions';
import type { Field as EventField } from '@tributary/model/event-fields';
import { EVENT_FIELDS } from '../expressions/fields.ts';
import { type Predicate, predicateOf } from '../expressions/function.ts';
import type { Term } from '../expressions/term.ts';
import { createCompiler, visit } from './compiler.ts';

export interface CompiledCorrection {
  readonly correction: Correction;
  /** Event time, epoch ms, `[fromMs, toMs)`. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly condition: Term;
  readonly holds: Predicate;
}

export interface CompiledCorrections {
  /** In the order of the file. */
  readonly all: readonly CompiledCorrection[];
  readonly byName: ReadonlyMap<string, Correction>;
  /** The fields of events that conditions look at. */
  readonly looksAt: ReadonlySet<EventField>;
}

const compiled = new WeakMap<Definitions, CompiledCorrections>();

/** Throws `invalid_definitions` that names the place; stored definitions were checked before they came into force. */
export function correctionsOf(definitions: Definitions): CompiledCorrections {
  let known = compiled.get(definitions);
  if (known === undefined) compiled.set(definitions, (known = compile(definitions)));
  return known;
}

function compile({ corrections, derived }: Definitions): CompiledCorrections {
  const checks = createCompiler(derived?.fields ?? {}, 0)();
  const looksAt = new Set<EventField>();
  const note = (name: string) => {
    looksAt.add(EVENT_FIELDS.has(name) ? (name as EventField) : 'properties');
  };
  const all = corrections.map((correction, i): CompiledCorrection => {
    const condition = checks.term(correction.when, ['corrections', i, 'when']);
    visit(condition, note);
    return { correction, ...spanOf(correction), condition, holds: predicateOf(condition, checks.fields) };
  });
  return { all, byName: new Map(corrections.map((correction) => [correction.name, correction])), looksAt };
}
