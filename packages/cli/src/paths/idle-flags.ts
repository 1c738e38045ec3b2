/** Flags of `attribution run` that change nothing of what was asked for: whoever gave them believes otherwise. */
import type { RunFlags, RunPlan } from './run-plan.ts';

/** `unseenMilestones`: names of --milestones that are no step of any path. Defaults are no flags. */
export function idleFlags(
  { level, alpha, halfLife, milestones, bootstrap }: RunFlags,
  { models }: RunPlan,
  unseenMilestones: readonly string[],
): string[] {
  const computes = (model: string) => models.some(({ name }) => name === model);
  return [
    ...(bootstrap === undefined && level !== '90' ? ['--level has no effect without --bootstrap'] : []),
    ...(alpha !== '0.5' && !computes('hybrid')
      ? ['--alpha has no effect: it is of the model hybrid, which is not computed']
      : []),
    ...(halfLife !== undefined && !computes('timeDecay')
      ? ['--half-life has no effect: it is of the model timeDecay, which needs --step']
      : []),
    ...(milestones !== undefined && !computes('wShaped')
      ? ['--milestones only leave these steps out: the model wShaped is not computed']
      : []),
    ...unseenMilestones.map((name) => `--milestones: no path has the step "${name}"`),
  ];
}
