/** `--models` and the flags that shape single models, as rules and names of data-driven models. Throws usage errors. */

import { SHARED_MODELS, type SharedName } from '@tributary/attribution/models/shared-models';
import {
  decayBySteps,
  first,
  inverseJ,
  jShaped,
  last,
  lastNonDirect,
  linear,
  type PathRule,
  positions,
  timeDecay,
  wShaped,
} from '@tributary/attribution/paths/rules';
import type { Definitions } from '@tributary/model/definitions';
import { UsageError } from '../exit.ts';
import { parseDuration } from '../import/instant.ts';

export interface ModelFlags {
  readonly models?: string;
  readonly positionBased?: string;
  readonly custom?: string;
  readonly milestones?: string;
  readonly step?: string;
  readonly halfLife?: string;
}

/** In the order in which they are shown. The data-driven ones have no rule. */
export type ChosenModel = { readonly name: string; readonly rule: PathRule } | { readonly name: SharedName };

const DEFAULT = 'first,last,linear,positionBased,shapley,markov';

/** Models that a flag must give something for; "all" leaves them out without it. */
const NEEDS: Readonly<Record<string, { readonly flag: 'custom' | 'milestones' | 'step'; readonly fix: string }>> = {
  wShaped: { flag: 'milestones', fix: '--milestones lead,opportunity: the steps of a path that mark them' },
  custom: { flag: 'custom', fix: '--custom 30,10..10,30: percent of the first and of the last touches' },
  timeDecay: { flag: 'step', fix: '--step 1d: the time between two touches, which a path file does not hold' },
};

/** With `definitions` touches have times, and models are shaped as the platform's are. */
export function chosenModels(flags: ModelFlags, direct: ReadonlySet<string>, definitions?: Definitions): ChosenModel[] {
  const isPossible = possibleWith(flags, definitions !== undefined);
  const rules = rulesOf(flags, direct, definitions);
  const all = [...Object.keys(rules), ...Object.keys(SHARED_MODELS)];
  const asked = (flags.models ?? DEFAULT).split(',').map((name) => name.trim());
  const names = asked.includes('all') ? all.filter((name) => isPossible(name)) : [...new Set(asked)];
  return names.map((name) => {
    if (!all.includes(name)) throw new UsageError(`--models: there is no model "${name}"; there are ${all.join(', ')}, and all`);
    if (!isPossible(name)) throw new UsageError(`--models: ${name} needs ${NEEDS[name]?.fix}`);
    const rule = rules[name];
    return rule === undefined ? { name: name as SharedName } : { name, rule };
  });
}

function possibleWith(flags: ModelFlags, isTimed: boolean): (name: string) => boolean {
  return (name) => {
    const needed = NEEDS[name]?.flag;
    return needed === undefined || flags[needed] !== undefined || (isTimed && needed === 'step');
  };
}

function rulesOf(flags: ModelFlags, direct: ReadonlySet<string>, definitions?: Definitions): Record<string, PathRule> {
  const { first: ofFirst = 40, last: ofLast = 40 } = definitions?.attribution.positionBased ?? {};
  const [head, tail] = percents('--position-based', flags.positionBased ?? `${ofFirst},${ofLast}`, 2) as [number, number];
  const steps = decayBySteps(duration('--step', flags.step ?? '1d'), duration('--half-life', flags.halfLife ?? '7d'));
  return {
    first,
    last,
    lastNonDirect: lastNonDirect(direct),
    linear,
    positionBased: positions({ head: [head], tail: [tail] }),
    jShaped,
    inverseJ,
    wShaped,
    custom: customOf(flags.custom ?? '0..0'),
    timeDecay: timeDecay(definitions?.decayWeights ?? steps),
  };
}

/** `30,10..10,30`: the first touches, then the last ones, each list in the order of the path; either side may be empty. */
function customOf(text: string): PathRule {
  const [head, tail, ...more] = text.split('..');
  if (head === undefined || tail === undefined || more.length > 0)
    throw new UsageError(`--custom takes FIRST,SECOND..LAST in percent, such as 30,10..10,30; got "${text}"`);
  const shape = { head: head === '' ? [] : percents('--custom', head), tail: tail === '' ? [] : percents('--custom', tail) };
  demandHundred('--custom', [...shape.head, ...shape.tail]);
  return positions(shape);
}

function percents(flag: string, text: string, length?: number): number[] {
  const parts = text.split(',').map((part) => part.trim());
  if ((length !== undefined && parts.length !== length) || parts.some((part) => !/^\d{1,3}$/.test(part)))
    throw new UsageError(`${flag} takes ${length === 2 ? 'FIRST,LAST in' : ''} whole percent such as 40,40; got "${text}"`);
  demandHundred(flag, parts.map(Number));
  return parts.map(Number);
}

function demandHundred(flag: string, percent: readonly number[]): void {
  const sum = percent.reduce((total, part) => total + part, 0);
  if (sum > 100)
    throw new UsageError(`${flag}: the parts sum to ${sum} %; 100 is the most, and what is left goes to the touches between`);
}

function duration(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms === 0) throw new UsageError(`${flag} is 30m, 1h or 7d, got "${text}"`);
  return ms;
}
