/** What operators do about old events and copies of the data folder, and what a folder is held against after each step of theirs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditDataFolder } from '@tributary/archive/audit/audit';
import { isDamage } from '@tributary/archive/audit/faults';
import { backUp } from '@tributary/archive/backup/backup';
import { restore } from '@tributary/archive/backup/restore';
import { currentPublication } from '@tributary/archive/publications';
import { planRetirement, retirementLimit } from '@tributary/archive/retention/plan';
import { createRequest } from '@tributary/archive/retention/requests';
import { readRetired } from '@tributary/archive/retention/retired';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import type { World } from './world.ts';

/** The first half happened, and came, long before the rest. */
export function withOld(events: readonly Event[]): Event[] {
  const longMs = 500 * DAY_MS;
  return events.map((one, i) =>
    i >= events.length / 2 ? one : { ...one, id: `old-${one.id}`, ts: one.ts - longMs, receivedAt: one.receivedAt - longMs },
  );
}

export function nowOf(events: readonly Event[]): number {
  return Math.max(...events.map(({ receivedAt }) => receivedAt)) + 60_000;
}

/** As far as is allowed. */
export async function askToRetire(world: World, definitions: Definitions): Promise<string> {
  const { dataDir, memory } = world;
  const at = memory.nowMs();
  const limit = await retirementLimit(dataDir, at);
  if (limit === null || limit.never !== null) return limit?.never ?? 'nothing is published';
  try {
    const before = limit.newestBefore;
    const demand = { before, definitions, signal: new AbortController().signal };
    const { files, rows, bytes } = await planRetirement(dataDir, demand);
    const { number } = await createRequest(dataDir, { before, at, by: 'ana', planned: { files, rows, bytes } });
    return `${number}: ${rows} rows`;
  } catch (error) {
    if (error instanceof TributaryError && error.code !== 'internal') return error.message;
    throw error;
  }
}

/** A backup, and what it gives: whole, or none. */
export async function putBackElsewhere(dataDir: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-backup-'));
  const [target, back] = [join(folder, 'backup'), join(folder, 'back')];
  const nowMs = Date.now();
  try {
    const { generation } = await backUp({ dataDir, target, nowMs, definitionsFile: null });
    await restore({ backup: target, dataDir: back, erasures: dataDir, nowMs });
    await demandNamed(back);
    return `g${generation}`;
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'conflict') return error.message;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** All that manifests name is there, and what it was. */
export async function demandNamed(dataDir: string): Promise<void> {
  const { faults } = await auditDataFolder({ dataDir, nowMs: Date.now(), depth: { quick: false } });
  const damage = faults.filter(isDamage);
  if (damage.length > 0) throw new Error(`law 7: a folder lacks what its manifests name: ${JSON.stringify(damage.slice(0, 5))}`);
}

export async function rowsRetired(dataDir: string): Promise<number> {
  const { outcomes = [] } = (await readRetired(dataDir)) ?? {};
  return outcomes.reduce((sum, { rows }) => sum + rows, 0);
}

/** Definitions that need the archive itself, where it lacks what was retired, have older days incomplete. */
export async function lacksRetired(world: World): Promise<boolean> {
  const newest = await currentPublication(world.dataDir);
  return newest !== null && (await world.manifest(newest.generation)).wholeFromMs !== undefined;
}
