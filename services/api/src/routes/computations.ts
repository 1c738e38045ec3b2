/** Computations beside the platform: registered, and how far each says that it is. */
import type { Registration } from '@tributary/archive/computations';
import { COMPUTATION_ROUTES, MOST_COMPUTATIONS } from '@tributary/contract/groups/computations';
import { TributaryError } from '@tributary/model/errors';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { signalsOf } from '@tributary/signals/definitions/file';
import type { ApiContext, Routes } from '../context.ts';
import { actorOf } from '../http/auth.ts';
import { serve } from '../http/serve.ts';
import type { WatchedComputation } from '../ports.ts';
import { placesOf } from '../stream/event-id.ts';

export const routes: Routes = (context) => (app, _options, done) => {
  const { deps, computations } = context;
  app.addHook('onClose', () => computations.close());

  serve(app, COMPUTATION_ROUTES.computations, async () => ({ computations: (await computations.read()).map(shown) }));

  serve(app, COMPUTATION_ROUTES.registerComputation, async (request) => {
    const { name, version, reads, writes, mostLagMs } = request.body;
    await demandKnown(context, reads.signals, writes.fields);
    const others = (await deps.computations.list()).map((one) => one.name);
    // What one that was removed said as it went.
    const left = [...(await deps.computations.progress()).keys()].filter((said) => said !== name && !others.includes(said));
    await deps.computations.forget(left);
    const registration: Registration = { name, version, reads, writes, mostLagMs, at: deps.now(), by: actorOf(request) };
    if (!(await deps.computations.write(registration, MOST_COMPUTATIONS)))
      throw new TributaryError(
        'conflict',
        `computations must be at most ${MOST_COMPUTATIONS} (got ${MOST_COMPUTATIONS + 1}). Remove one first`,
      );
    deps.onAction('a computation was registered', { ...registration, computation: name });
    return { computation: shown(await named(context, name)) };
  });

  serve(app, COMPUTATION_ROUTES.reportProgress, async (request) => {
    const { name } = request.params;
    const { version, after } = request.body;
    // Throws where it is not the id of an event of the stream.
    placesOf(after, deps.partitions);
    const registered = (await deps.computations.list()).find((one) => one.name === name);
    if (registered === undefined) throw unknown(name);
    if (registered.version !== version)
      throw new TributaryError(
        'conflict',
        `version must be ${JSON.stringify(registered.version)}, which is registered (got ${JSON.stringify(version)}). Register this one, or end its program`,
      );
    await deps.computations.note(name, { version, after, at: deps.now() });
    return { computation: (await named(context, name)).seen };
  });

  serve(app, COMPUTATION_ROUTES.removeComputation, async (request) => {
    const { name } = request.params;
    if (!(await deps.computations.remove(name))) throw unknown(name);
    await deps.computations.forget([name]);
    computations.forget();
    deps.onAction('a computation was removed', { computation: name, by: actorOf(request) });
    return { removed: name };
  });
  done();
};

async function named({ computations }: ApiContext, name: string): Promise<WatchedComputation> {
  computations.forget();
  const found = (await computations.read()).find((one) => one.name === name);
  if (found === undefined) throw unknown(name);
  return found;
}

function unknown(name: string): TributaryError {
  return new TributaryError('not_found', `computation ${JSON.stringify(name)} does not exist: see GET /v1/computations`);
}

/** Throws `invalid_query` where the definitions in force do not have what it reads and writes. */
async function demandKnown({ board }: ApiContext, signals: readonly string[], fields: readonly string[]): Promise<void> {
  const has = () => {
    const definitions = board.definitions(0);
    return { signals: signalsOf(definitions, sha256Hex), fields: new Set(Object.keys(definitions.derived?.fields ?? {})) };
  };
  const missing = ({ signals: known, fields: declared }: ReturnType<typeof has>) =>
    signals.find((name) => !known.has(name)) ?? fields.find((name) => !declared.has(name));
  // A change of definitions may be newer than the last look.
  if (missing(has()) !== undefined) await board.poll();
  const inForce = has();
  const demand = (
    called: string,
    of: string,
    names: readonly string[],
    known: Pick<ReadonlyMap<string, unknown>, 'has' | 'keys'>,
  ) => {
    const wrong = names.find((name) => !known.has(name));
    if (wrong === undefined) return;
    const some = [...known.keys()].sort().slice(0, 20).join(', ') || 'none is defined';
    throw new TributaryError(
      'invalid_query',
      `${called} must be names of ${of} of the definitions in force: ${some} (got ${JSON.stringify(wrong)}). Correct it, or bring the definitions into force first`,
    );
  };
  demand('reads.signals', 'signals, sessions and segments', signals, inForce.signals);
  demand('writes.fields', 'fields', fields, inForce.fields);
}

function shown({ seen, reads, writes, mostLagMs, by, at }: WatchedComputation) {
  return { ...seen, reads, writes, mostLagMs, by, at };
}
