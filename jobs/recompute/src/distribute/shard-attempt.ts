/**
 * One attempt at one shard, by whichever worker took it:
 *
 *   still wanted? ─▶ recorded already? ─▶ plan ─▶ compute in a child, files verified meanwhile ─▶ record
 *
 * It may be killed at any point, and run twice at once: files carry the attempt's name, and one attempt is recorded.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChildOptions } from '@tributary/archive/child/run-child';
import type { ComputeLimits, ShardPart, ShardSpec } from '@tributary/archive/compute/spec';
import { whileVerifying } from '@tributary/archive/compute/verified';
import { readGeneration } from '@tributary/archive/generations';
import type { StoredFile } from '@tributary/archive/layout';
import { TributaryError } from '@tributary/model/errors';
import type { ShardName } from '../specs/shard.ts';
import { attemptFolder, recordPart, soundPart } from './record.ts';
import { readPlan } from './shard-plan.ts';

export interface ShardPorts {
  readonly dataDir: string;
  readonly computePart: (spec: ShardSpec, options: ChildOptions) => Promise<ShardPart>;
  /** A name that no other attempt has: 8 hex digits. */
  readonly newAttempt: () => string;
  readonly limits: { readonly compute: ComputeLimits; readonly computeTimeoutMs: number };
}

/** How soon a worker notices that its generation is done, failed or superseded. */
const POLL_EVERY_MS = 2_000;

/** `known`: another attempt did it. Rejects with `conflict` when the generation no longer waits for it. */
export async function workOnShard(name: ShardName, ports: ShardPorts, signal: AbortSignal): Promise<'computed' | 'known'> {
  await checkWanted(name, ports);
  if ((await soundPart(ports.dataDir, name)) !== undefined) return 'known';
  const spec = await specOf(name, ports);
  try {
    const part = await whileWanted(name, ports, signal, (wanted) => computeVerified(spec, ports, wanted));
    signal.throwIfAborted();
    if (await recordPart(ports.dataDir, name, part)) return 'computed';
  } catch (error) {
    await dropFiles(spec);
    throw error;
  }
  await dropFiles(spec);
  return 'known';
}

async function specOf(name: ShardName, ports: ShardPorts): Promise<ShardSpec> {
  const plan = await readPlan(ports.dataDir, name);
  if (plan === undefined) throw notHere(`the plan of generation ${name.generation} is`);
  const shard = plan.shards[name.number];
  if (shard === undefined)
    throw new TributaryError('conflict', `the plan of generation ${name.generation} has no shard ${name.number}`);
  const attempt = ports.newAttempt();
  const { dataDir, limits } = ports;
  const folder = attemptFolder(name, attempt);
  return { ...plan.spec, dataDir, attempt, limits: limits.compute, shard, number: name.number, folder };
}

/** Law 7: a shared folder may show what another host wrote late or wrong. */
function computeVerified(spec: ShardSpec, ports: ShardPorts, signal: AbortSignal): Promise<ShardPart> {
  return whileVerifying(spec.dataDir, filesRead(spec), signal, (abort) =>
    ports.computePart(spec, { timeoutMs: ports.limits.computeTimeoutMs, signal: abort }),
  );
}

function filesRead({ arrivals, reread, shard, base }: ShardSpec): StoredFile[] {
  const archived = [arrivals, reread?.files ?? []].flatMap((files) => files.slice(shard.from, shard.to).flat());
  return [...archived, ...(base?.events ?? [])];
}

async function checkWanted({ generation }: ShardName, { dataDir }: ShardPorts): Promise<void> {
  const { state } = await readGeneration(dataDir, generation).catch((error: unknown) => {
    if (error instanceof TributaryError && error.code === 'not_found') throw notHere(`generation ${generation} is`);
    throw error;
  });
  if (state !== 'pending')
    throw new TributaryError('conflict', `generation ${generation} is ${state}: its shards are not wanted`);
}

async function whileWanted<T>(
  name: ShardName,
  ports: ShardPorts,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const unwanted = new AbortController();
  const poll = () =>
    checkWanted(name, ports).catch((error: unknown) => {
      if (error instanceof TributaryError && error.code === 'conflict') unwanted.abort(error);
    });
  const timer = setInterval(() => void poll(), POLL_EVERY_MS);
  try {
    return await work(AbortSignal.any([signal, unwanted.signal]));
  } finally {
    clearInterval(timer);
  }
}

/** Transient: another host may see it, and this one soon. */
function notHere(what: string): TributaryError {
  return new TributaryError(
    'store_unavailable',
    `${what} not in the data folder of this host: every batch worker needs the same one`,
  );
}

async function dropFiles({ dataDir, folder }: ShardSpec): Promise<void> {
  await rm(join(dataDir, folder), { recursive: true, force: true });
}
