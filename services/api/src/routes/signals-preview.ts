/** What other definitions would say of some users, beside those in force: both over the same records, at one instant. Changes nothing. */
import { SIGNAL_VALUE_ROUTES, type SignalPreviewAnswer } from '@tributary/contract/groups/signal-values';
import { exactJson } from '@tributary/model/exact-json';
import { partitionOf } from '@tributary/model/user-key';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import type { NamedValue } from '@tributary/serving/users/signal-values';
import { says } from '@tributary/signals/definitions/explain';
import { signalsOf } from '@tributary/signals/definitions/file';
import type { SignalDefinition, SignalSet } from '@tributary/signals/definitions/read';
import { readWritten } from '@tributary/signals/definitions/written';
import { valueText } from '@tributary/signals/value-text';
import type { z } from 'zod';
import type { Routes } from '../context.ts';
import { findValues, MOST_ANSWER_BYTES, type ValuedUser } from '../http/find-values.ts';
import { serve } from '../http/serve.ts';

type Preview = z.output<typeof SignalPreviewAnswer>;
type Previewed = Preview['definitions'][number];
type Values = Record<string, NamedValue>;

/** No name of a definition has a space, so both of a name are asked for at once. */
const WRITTEN = 'written ';
const IN_FORCE = 'inForce ';

export const routes: Routes = (context) => (app, _options, done) => {
  serve(app, SIGNAL_VALUE_ROUTES.previewDefinitions, async (request) => {
    const { definitions: text, users: userKeys, budgetMs } = request.body;
    const { deps, board } = context;
    const written = signalsOf(readWritten(text, sha256Hex), sha256Hex);
    const setOf = (partition: number) => both(written, signalsOf(board.definitions(partition), sha256Hex));
    const users = userKeys.map((userKey) => ({ partition: partitionOf(userKey, deps.partitions), userKey }));
    const sets = new Map([...new Set(users.map(({ partition }) => partition))].map((one) => [one, setOf(one)]));
    const inForce = signalsOf(board.definitions(0), sha256Hex);
    const names = [...new Set([...written.keys(), ...inForce.keys()])].sort();
    const question = { names: [...both(written, inForce).keys()], asOf: undefined, budgetMs };
    const valued: Valued[] = [];
    const add = (user: ValuedUser) => {
      const one = valuedOf(user, question.names);
      valued.push(one);
      return one.bytes;
    };
    const { asOf, partial, meta } = await findValues(context, { users, sets, setOf }, question, request.owner, { add });
    return {
      ...{ asOf, partial },
      definitions: names.map((name) => previewed(name, written.get(name), inForce.get(name), valued)),
      results: valued.map(({ userId, status, values, inForce: now }) => ({ userId, status, values, inForce: now })),
      meta,
    } as Preview;
  });
  done();
};

function both(written: SignalSet, inForce: SignalSet): SignalSet {
  const named = (set: SignalSet, as: string) => [...set].map(([name, one]) => [as + name, one] as const);
  return new Map([...named(written, WRITTEN), ...named(inForce, IN_FORCE)]);
}

interface Valued {
  readonly userId: string;
  readonly status: 'PRESENT' | 'NOT_FOUND';
  readonly values: Values;
  readonly inForce: Values;
  readonly bytes: number;
}

function valuedOf({ userKey, isPresent, values: found }: ValuedUser, names: readonly string[]): Valued {
  const [values, inForce]: [Values, Values] = [Object.create(null), Object.create(null)];
  let bytes = 0;
  for (const [i, name] of names.entries()) {
    const { value, status, version } = found[i] as NamedValue;
    bytes += name.length + valueText(value, MOST_ANSWER_BYTES).length;
    const isWritten = name.startsWith(WRITTEN);
    const own = name.slice((isWritten ? WRITTEN : IN_FORCE).length);
    (isWritten ? values : inForce)[own] = { value, status, version };
  }
  return { userId: userKey, status: isPresent ? 'PRESENT' : 'NOT_FOUND', values, inForce, bytes };
}

function previewed(
  name: string,
  written: SignalDefinition | undefined,
  inForce: SignalDefinition | undefined,
  users: readonly Valued[],
): Previewed {
  const change =
    written === undefined ? 'removed' : inForce === undefined ? 'new' : written.version === inForce.version ? 'same' : 'changed';
  const shown = (written ?? inForce) as SignalDefinition;
  return {
    ...{ name, change, kind: shown.kind },
    says: says(shown),
    definition: { ...shown.resolved },
    fields: { ...shown.fields },
    version: written?.version ?? null,
    versionInForce: inForce?.version ?? null,
    differing: users.filter(({ values, inForce: now }) => areOther(values[name], now[name])).length,
  };
}

/** A value that is not known is not counted. */
function areOther(one: NamedValue | undefined, other: NamedValue | undefined): boolean {
  const isKnown = [one, other].every((value) => value === undefined || value.status === 'READY');
  return isKnown && exactJson(one?.value ?? null) !== exactJson(other?.value ?? null);
}
