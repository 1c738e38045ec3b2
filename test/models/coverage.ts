/** How often intervals hold the truth of a world: samples of it, each answered as `attribution run` answers a file of its events. */
import type { Reward } from '@tributary/attribution/data-driven/counts';
import { createRandom } from '@tributary/attribution/data-driven/random';
import { type ModelName, modelInfo } from '@tributary/attribution/models/catalogue';
import type { PathSums } from '@tributary/attribution/path-sums/path-sums';
import { addAll, emptySums } from '@tributary/attribution/uncertainty/draws';
import { type Estimate, estimatorOf } from '@tributary/attribution/uncertainty/estimators';
import type { Interval } from '@tributary/attribution/uncertainty/scales';
import { uncertaintyOf } from '@tributary/attribution/uncertainty/uncertainty';
import { type UnitRow, type Units, unitsOf } from '@tributary/attribution/uncertainty/units';
import { type Answered, byGroups, inGroups } from './groups.ts';
import { rowsOf, sampleOf, type World } from './worlds.ts';

export const LEVEL = 0.9;
const SHAPE = { directChannels: new Set<string>(), attribution: { positionBased: { first: 40, last: 40 } }, decayWeights: [1] };
export const OPTIONS = { shape: SHAPE, order: 1, alpha: 0.5 };

export const FIGURES = ['share', 'credit', 'value share', 'value', 'ROAS', 'effect'] as const;
export type Figure = (typeof FIGURES)[number];

/** One figure of one channel under one model, over all samples. */
export interface Cell {
  readonly model: ModelName;
  readonly figure: Figure;
  readonly channel: string;
  /** Samples in which there was an interval. */
  printed: number;
  /** Those of them in which it held the truth. */
  held: number;
}

export interface CoverageOptions {
  readonly users: number;
  readonly repetitions: number;
  readonly replicates: number;
  readonly models: readonly ModelName[];
  /** Both by default. Shares, credit and effects are of conversions; figures of a reward that is not asked for have no interval. */
  readonly rewards?: readonly Reward[];
  /** Take every journey for a unit, as where users are not known. */
  readonly asJourneys?: boolean;
  /** As the platform answers: how many groups the users stand in. */
  readonly groups?: number;
  /** The first of the samples: others are other samples of the same world. */
  readonly from?: number;
}

export function coverageOf(
  world: World,
  {
    users,
    repetitions,
    replicates,
    models,
    rewards = ['conversions', 'value'],
    asJourneys = false,
    groups,
    from = 0,
  }: CoverageOptions,
): Cell[] {
  const cells = new Map<string, Cell>();
  const whole = models.map((model) => truthOf(world.population, model, users));
  const ofSeen = world.rare === null ? whole : models.map((model) => truthOf(world.rare?.population ?? [], model, users));
  for (let repetition = from; repetition < from + repetitions; repetition++) {
    const random = createRandom(1_000_003 + repetition);
    const drawn = groups === undefined ? [rowsOf(world, users, random)] : inGroups(world, users, groups, random);
    // An interval of value says: as far as no order is larger than the largest of the sample.
    const truths = holdsRare(world, drawn.flat()) ? whole : ofSeen;
    const options = { ...OPTIONS, models, rewards, replicates, level: LEVEL, seed: repetition };
    const answer: { readonly models: readonly Answered[] } =
      groups === undefined
        ? uncertaintyOf(unitsOf(sampleOf(asJourneys ? drawn.flat().flatMap(apart) : drawn.flat())), options)
        : { models: byGroups(drawn, options) };
    for (const [m, model] of models.entries())
      for (const [channel, truth] of truths[m] as Map<string, Truth>)
        for (const figure of FIGURES) {
          const key = `${model}\n${figure}\n${channel}`;
          let cell = cells.get(key);
          if (cell === undefined) cells.set(key, (cell = { model, figure, channel, printed: 0, held: 0 }));
          const of = (reward: Reward) =>
            answer.models
              .find((one) => one.model === model && one.reward === reward)
              ?.channels.find((one) => one.channel === channel);
          const interval = intervalOf(figure, of('conversions'), of('value'));
          if (interval === null) continue;
          const is = truth[figure];
          cell.printed += 1;
          if (interval.low <= is && is <= interval.high) cell.held += 1;
        }
  }
  return [...cells.values()];
}

/** Fewer intervals show nothing of how often they hold. */
export const ENOUGH = 30;

/** Within 3 Monte Carlo errors of the level among the intervals that are printed, in however few of the samples. */
export function isAsStated({ printed, held }: Pick<Cell, 'printed' | 'held'>): boolean {
  return printed < ENOUGH || Math.abs(held / printed - LEVEL) <= 3 * Math.sqrt((LEVEL * (1 - LEVEL)) / printed);
}

type Truth = Readonly<Record<Figure, number>>;

/** Cost of a channel: all the same, for ROAS is a value over it. */
const COST = 1_000;

function intervalOf(
  figure: Figure,
  conversions: Answered['channels'][number] | undefined,
  value: Answered['channels'][number] | undefined,
): Interval | null {
  switch (figure) {
    case 'share':
      return conversions?.share ?? null;
    case 'credit':
      return conversions?.credit ?? null;
    case 'value share':
      return value?.share ?? null;
    case 'value':
      return value?.credit ?? null;
    case 'ROAS': {
      const of = value?.ofRatios ?? null;
      return of === null ? null : { low: of.low / COST, high: of.high / COST };
    }
    case 'effect':
      return conversions?.effect ?? null;
  }
}

function holdsRare({ rare }: World, users: readonly UnitRow[]): boolean {
  return rare === null || users.some(({ journeys }) => journeys.some(({ value }) => value >= rare.value));
}

function apart({ times, journeys }: UnitRow): UnitRow[] {
  return journeys.map((journey) => ({ times, journeys: [journey] }));
}

/** What a model says of all users that there could be: parts of 1, and amounts of as many users. */
export function truthOf(population: World['population'], model: ModelName, users: number): Map<string, Truth> {
  const { channels, conversions, value } = saidOf(population, model);
  // The population is of one user.
  const scale = modelInfo(model).estimates === 'amount' ? users : 1;
  return new Map(
    channels.map((channel, i) => {
      const at = (of: Estimate) => ({ share: of.shares[i] ?? 0, amount: (of.shares[i] ?? 0) * of.total * users });
      return [
        channel,
        {
          share: at(conversions).share,
          credit: at(conversions).amount,
          'value share': at(value).share,
          value: at(value).amount,
          ROAS: at(value).amount / COST,
          effect: (conversions.effects[i] ?? 0) * scale,
        },
      ];
    }),
  );
}

interface Said {
  readonly channels: readonly string[];
  readonly conversions: Estimate;
  readonly value: Estimate;
}

/** A population has 50 000 paths, and tests ask for the same one at several sizes: each model is run on it once. */
const said = new WeakMap<World['population'], Map<ModelName, Said>>();
let newest: { readonly population: World['population']; readonly units: Units; readonly sums: PathSums } | undefined;

function saidOf(population: World['population'], model: ModelName): Said {
  const known = said.get(population) ?? new Map<ModelName, Said>();
  said.set(population, known);
  let answer = known.get(model);
  if (answer === undefined) {
    const { units, sums } = wholeOf(population);
    const { channels, estimate } = estimatorOf(model, units.paths, { ...OPTIONS, seed: 1 });
    const estimates = estimate(sums);
    known.set(model, (answer = { channels, conversions: estimates('conversions'), value: estimates('value') }));
  }
  return answer;
}

function wholeOf(population: World['population']): { readonly units: Units; readonly sums: PathSums } {
  if (newest?.population !== population) {
    const rows = population.map((path) => ({ times: 1, journeys: [path] }));
    const units = unitsOf({ kind: 'journey', hasSingleValues: true, rows });
    const sums = emptySums(units);
    addAll(units, sums);
    newest = { population, units, sums };
  }
  return newest;
}
