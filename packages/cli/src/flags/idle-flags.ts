/** Flags of `attribution run` that change nothing of what was asked for: who gives one expects otherwise. */
import { modelInfo, namesWith } from '@tributary/attribution/models/catalogue';
import type { RunFlags, RunPlan } from './run-plan.ts';

/** `unseenMilestones`: names of --milestones that are not a step of any path. Defaults are not flags. */
export function idleFlags(
  { level, alpha, halfLife, milestones, bootstrap, groups }: RunFlags,
  { models }: RunPlan,
  unseenMilestones: readonly string[],
): string[] {
  const infos = models.map(modelInfo);
  return [
    ...(bootstrap === undefined && groups === undefined && level !== '90'
      ? ['--level has no effect without --bootstrap or --groups']
      : []),
    ...(alpha !== '0.5' && !infos.some(({ parameters }) => parameters.includes('alpha'))
      ? [`--alpha has no effect: it is of ${namesWith('alpha')}, which is not computed`]
      : []),
    ...(halfLife !== undefined && !infos.some(({ needs }) => needs.includes('ages'))
      ? ['--half-life has no effect: no model that weighs touches by their age is computed; --step is needed as well']
      : []),
    ...(milestones !== undefined && !infos.some(({ needs }) => needs.includes('milestones'))
      ? ['--milestones only leave these steps out: no model that looks at them is computed']
      : []),
    ...unseenMilestones.map((name) => `--milestones: no path has the step "${name}"`),
  ];
}
