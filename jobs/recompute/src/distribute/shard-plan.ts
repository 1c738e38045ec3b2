/**
 * The plan that hosts share: what is computed, and how it is cut. Its name is a digest of what and by which program, so it stands for
 * one result; the first that is written decides about the cut, and every later attempt finds the parts that fit it.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ComputeSpec, Shard } from '@tributary/archive/compute/spec';
import { shardsFolder } from '@tributary/archive/compute/staging';
import { TributaryError } from '@tributary/model/errors';
import type { PlanName } from '../specs/shard.ts';
import { createSealed, readSealed } from './sealed-file.ts';

/** Where data lies, memory and attempts are each host's own business. */
export type PlannedSpec = Omit<ComputeSpec, 'dataDir' | 'attempt' | 'limits' | 'parts'>;

export interface ShardPlan {
  readonly spec: PlannedSpec;
  readonly shards: readonly Shard[];
}

export function plannedSpec(spec: ComputeSpec): PlannedSpec {
  const { generation, definitions, arrivals, base, forgotten, reread, reuseRows, views } = spec;
  const known = { ...(forgotten !== undefined && { forgotten }) };
  const optional = { ...(reread !== undefined && { reread }), ...(views !== undefined && { views }) };
  return { generation, definitions, arrivals, base, ...known, reuseRows, ...optional };
}

export function planName(spec: PlannedSpec, version: string): PlanName {
  const plan = createHash('sha256')
    .update(JSON.stringify([version, spec]))
    .digest('hex')
    .slice(0, 16);
  return { generation: spec.generation, plan };
}

/** Undefined when it was not written, or this host does not see it yet. */
export function readPlan(dataDir: string, name: PlanName): Promise<ShardPlan | undefined> {
  return readSealed<ShardPlan>(planPath(dataDir, name));
}

/** The plan as it is in force: this one, or the one that was first. */
export async function keepPlan(dataDir: string, name: PlanName, plan: ShardPlan): Promise<ShardPlan> {
  if (await createSealed(planPath(dataDir, name), plan)) return plan;
  const first = await readPlan(dataDir, name);
  if (first !== undefined) return first;
  throw new TributaryError('store_unavailable', `the plan of generation ${name.generation} was removed while it was made`);
}

function planPath(dataDir: string, { generation, plan }: PlanName): string {
  return join(dataDir, shardsFolder(generation, plan), 'plan.json');
}
