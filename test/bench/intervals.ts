/**
 * What intervals cost, by model: over files as `attribution run --bootstrap 1000` draws them, and on the platform, where the model is
 * computed once more without each group. Both of conversions and of value. Reading the file, and the rows, is not in it.
 */
import type { Coalition, PathCount, Reward, Transition } from '@tributary/attribution/data-driven/counts';
import { coalitionsOfPaths, transitionsOfPaths } from '@tributary/attribution/data-driven/path-counts';
import { createRandom, type Random } from '@tributary/attribution/data-driven/random';
import { sizesOf } from '@tributary/attribution/data-driven/sum-game';
import type { ModelName } from '@tributary/attribution/models/catalogue';
import { compute, type ModelOutcome, type SharedName } from '@tributary/attribution/models/shared-models';
import type { Estimate } from '@tributary/attribution/uncertainty/estimators';
import { jackknife } from '@tributary/attribution/uncertainty/jackknife';
import { uncertaintyOf } from '@tributary/attribution/uncertainty/uncertainty';
import { type UnitRow, unitsOf } from '@tributary/attribution/uncertainty/units';
import { percentile } from './platform.ts';
import type { Figure } from './report.ts';

const CHANNELS = Array.from({ length: 20 }, (_, i) => `channel-${String(i).padStart(2, '0')}`);
const USERS = 20_000;
const GROUPS = 16;
const REPLICATES = 1_000;
/** Odd: the median is one of them. */
const ROUNDS = 3;
const GOAL_MS = 500;
const MODELS: readonly ModelName[] = ['last', 'linear', 'positionBased', 'shapley', 'markov', 'rateShapley'];
const IN_GROUPS: readonly [SharedName, rounds: number][] = [
  ['shapley', ROUNDS],
  ['markov', ROUNDS],
  ['rateShapley', ROUNDS],
];
const REWARDS: readonly Reward[] = ['conversions', 'value'];
const SHAPE = { directChannels: new Set<string>(), attribution: { positionBased: { first: 40, last: 40 } }, decayWeights: [1] };
const OPTIONS = { shape: SHAPE, order: 1, alpha: 0.5, seed: 1, level: 0.9, rewards: REWARDS, replicates: REPLICATES };

export function benchIntervals(): Figure[] {
  const random = createRandom(7);
  const groups = Array.from({ length: GROUPS }, () => Array.from({ length: USERS / GROUPS }, () => journeyOf(random)));
  const journeys = groups.flat();
  const rows = journeys.map((journey): UnitRow => ({ times: 1, journeys: [journey] }));
  const units = unitsOf({ kind: 'user', rows, hasSingleValues: true });
  const sample = `${units.paths.length.toLocaleString('en')} different paths of ${USERS.toLocaleString('en')} users, ${CHANNELS.length} channels`;
  const files = MODELS.map((model) =>
    figureOf({ figure: `${model}, ${REPLICATES} resamplings of a file`, sample, rounds: ROUNDS }, () =>
      uncertaintyOf(units, { ...OPTIONS, models: [model] }),
    ),
  );
  const counts = REWARDS.map((reward) => ({ reward, all: countsOf(journeys, reward), without: withoutEach(groups, reward) }));
  const platform = IN_GROUPS.map(([model, rounds]) =>
    figureOf({ figure: `${model}, ${GROUPS} groups of the platform`, sample, rounds }, () =>
      counts.map((one) => inGroups(model, one)),
    ),
  );
  return [...files, ...platform];
}

interface Asked {
  readonly figure: string;
  readonly sample: string;
  readonly rounds: number;
}

function figureOf({ figure, sample, rounds }: Asked, work: () => unknown): Figure {
  const measured = Array.from({ length: rounds }, () => {
    const [start, before] = [performance.now(), process.cpuUsage()];
    work();
    const { user, system } = process.cpuUsage(before);
    return { wallMs: performance.now() - start, cpuMs: (user + system) / 1_000 };
  });
  const median = (of: 'wallMs' | 'cpuMs') =>
    percentile(
      measured.map((one) => one[of]),
      0.5,
    );
  return {
    section: 'intervals',
    figure,
    // One thread: processor time is what it takes on a machine that does nothing else.
    value: median('cpuMs'),
    unit: 'ms',
    goal: { value: GOAL_MS, better: 'less' },
    note: `processor; ${median('wallMs').toFixed(0)} ms by the clock; conversions and value, median of ${rounds}; ${sample}`,
  };
}

/** Some channels are met often, most are not; one journey in twelve converts. Value in minor units. */
function journeyOf(random: Random): PathCount {
  const path: string[] = [];
  do path.push(CHANNELS[Math.floor(CHANNELS.length * random() ** 2)] as string);
  while (path.length < 6 && random() < 0.45);
  const converts = random() < 1 / 12;
  return {
    path,
    conversions: Number(converts),
    nulls: Number(!converts),
    value: converts ? 2_000 + Math.floor(6_000 * random()) : 0,
  };
}

interface Counted {
  readonly total: number;
  readonly conversions: number;
  readonly sizes: ReturnType<typeof sizesOf>;
  readonly coalitions: Coalition[];
  readonly transitions: Transition[];
}

function countsOf(journeys: readonly PathCount[], reward: Reward): Counted {
  const coalitions = coalitionsOfPaths(journeys);
  const sum = (of: 'conversions' | 'value') => journeys.reduce((all, journey) => all + journey[of], 0);
  return {
    total: sum(reward),
    conversions: sum('conversions'),
    ...{ sizes: sizesOf(coalitions, reward), coalitions, transitions: transitionsOfPaths(journeys, 1) },
  };
}

function withoutEach(groups: readonly PathCount[][], reward: Reward): Counted[] {
  return groups.map((group) => countsOf(groups.filter((one) => one !== group).flat(), reward));
}

function inGroups(
  model: SharedName,
  { reward, all, without }: { readonly reward: Reward; readonly all: Counted; readonly without: readonly Counted[] },
) {
  const outcome = compute({ model, reward, alpha: 0.5, seed: 1, ...all, without });
  return jackknife({
    ...{ model, reward, level: OPTIONS.level, channels: CHANNELS, is: estimateOf(outcome.channels, all) },
    without: (outcome.without as readonly ModelOutcome['channels'][]).map((effects, group) =>
      estimateOf(effects, without[group] as Counted),
    ),
    conversions: { is: all.conversions, without: without.map(({ conversions }) => conversions) },
    met: CHANNELS.map(() => new Array<number>(GROUPS).fill(all.conversions / GROUPS)),
    alone: CHANNELS.map(() => ({ journeys: all.conversions, groups: GROUPS })),
    singleOrders: [],
    orders: [],
  });
}

function estimateOf(effects: ModelOutcome['channels'], { total }: Counted): Estimate {
  const byChannel = new Map(effects.map((one) => [one.channel, one]));
  return {
    total,
    shares: Float64Array.from(CHANNELS, (channel) => byChannel.get(channel)?.share ?? 0),
    effects: Float64Array.from(CHANNELS, (channel) => byChannel.get(channel)?.effect ?? 0),
  };
}
