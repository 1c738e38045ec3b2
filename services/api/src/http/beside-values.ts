/** How far the computations are whose fields some values read. */
import type { ComputationSeen } from '@tributary/contract/shapes/computation';
import { troubleOf } from '@tributary/model/computation-trouble';
import type { SignalDefinition, SignalSet } from '@tributary/signals/definitions/read';
import type { ComputationWatch } from '../ports.ts';

/** The type of the events that computations write. */
const COMPUTED = 'computed';

export interface BesideValues {
  /** Absent: the values read nothing of any. */
  readonly computations?: ComputationSeen[];
  readonly notes: readonly string[];
}

const NONE: BesideValues = { notes: [] };

export async function besideValues(
  watch: Pick<ComputationWatch, 'latest'>,
  sets: Iterable<SignalSet>,
  names: readonly string[],
  nowMs: number,
): Promise<BesideValues> {
  const all = await watch.latest();
  if (all?.length === 0) return NONE;
  const read = fieldsRead(sets, names);
  if (all === null) return read.computed ? { notes: ['it is not known how far computations are'] } : NONE;
  const own = all.filter(({ writes }) => writes.fields.some((field) => read.fields.has(field))).map(({ seen }) => seen);
  if (own.length === 0) return NONE;
  return { computations: own, notes: own.flatMap((seen) => troubleOf(seen, nowMs) ?? []) };
}

/** Fields of `properties` that values of these names read of computed events. `computed`: a value names these events. */
function fieldsRead(sets: Iterable<SignalSet>, names: readonly string[]) {
  const fields = new Set<string>();
  let computed = false;
  for (const set of sets)
    for (const name of names) {
      const definition = set.get(name);
      if (definition === undefined || definition.types?.includes(COMPUTED) === false) continue;
      if (definition.types !== null) computed = true;
      for (const field of Object.keys({ ...definition.fields, ...sessionOf(definition, set)?.fields })) fields.add(field);
    }
  return { fields: fields as ReadonlySet<string>, computed };
}

/** That of its window, which begins where events of the session say. */
function sessionOf({ resolved }: SignalDefinition, set: SignalSet): SignalDefinition | undefined {
  const window = 'window' in resolved ? resolved.window : undefined;
  return window?.kind === 'session' ? set.get(window.session) : undefined;
}
