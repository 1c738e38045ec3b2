/**
 * How sure the models are of a sample: one engine for every model and figure.
 *
 *   units (users, or journeys) → drawn with replacement → counts by path → each model → its figures → intervals, ranks, cautions
 *
 * Credit and value are drawn themselves, with the number of conversions; a share times a fixed total would leave out that the total
 * is drawn as well. What it covers is the error of sampling, given the model and its order: docs/uncertainty.md.
 */
import type { Reward } from '../data-driven/counts.ts';
import { createRandom } from '../data-driven/random.ts';
import { isShared, type ModelName, modelInfo } from '../models/catalogue.ts';
import type { CautionCode } from './caution-codes.ts';
import {
  cautionsOfAll,
  cautionsOfChannel,
  cautionsOfValue,
  decidesRates,
  decidesShares,
  FEWEST_FOR_RATIOS,
  FEWEST_TO_JUDGE,
  fewestPrinted,
  refusalOfAll,
  refusalOfValue,
  type SeenOrders,
  seenOrders,
} from './cautions.ts';
import { addAll, addDraw, emptySums } from './draws.ts';
import { type Estimate, type Estimator, type EstimatorOptions, estimatorOf } from './estimators.ts';
import { type AllEvidence, evidenceOf } from './evidence.ts';
import { widenedBeside } from './like-others.ts';
import { type Rank, ranksOf } from './ranks.ts';
import { degreesOfRates, deviationsAbove, FEWEST_ALONE, heightAlone, refusalOfRates } from './rates-alone.ts';
import {
  deviations,
  EQUAL,
  type Interval,
  isNoise,
  isNoneOrAll,
  isOutsideOfWhole,
  onLogScale,
  percentiles,
  scored,
  student,
  varianceOf,
  wilson,
} from './scales.ts';
import { loweredByCount, loweredBySign, MANY_DEVIATIONS, mostOfNone, SURELY_ABOVE } from './selection.ts';
import type { UnitKind, Units } from './units.ts';

export interface UncertaintyOptions extends EstimatorOptions {
  readonly models: readonly ModelName[];
  readonly rewards: readonly Reward[];
  readonly replicates: number;
  readonly level: number;
  /** Hears after each replicate how many are done. */
  readonly onReplicate?: ((done: number) => void) | undefined;
}

export interface Uncertainty {
  readonly unit: UnitKind;
  /** How many groups of users each was left out of once; null: units were drawn. */
  readonly groups: number | null;
  /** 0 where nothing was drawn. */
  readonly replicates: number;
  readonly seed: number;
  readonly level: number;
  readonly cautions: readonly CautionCode[];
  readonly models: readonly ModelUncertainty[];
}

export interface ModelUncertainty {
  readonly model: ModelName;
  readonly reward: Reward;
  /** They concern the reward as a whole. */
  readonly cautions: readonly CautionCode[];
  /** What intervals of value rest on; null: there are none, or of conversions. */
  readonly seen: SeenOrders | null;
  /** Sorted by channel. */
  readonly channels: readonly ChannelUncertainty[];
}

/** Intervals are null where none can be had: `cautions` say why. */
export interface ChannelUncertainty {
  readonly channel: string;
  /** The share itself, that of the sample as it is. */
  readonly shareIs: number;
  readonly share: Interval | null;
  /** Conversions or minor units. */
  readonly credit: Interval | null;
  readonly effect: Interval | null;
  /** The credit once more, for what is divided by it or by which it is divided (CPA, ROAS); null below 10 converting units, lowered near it. */
  readonly ofRatios: Interval | null;
  readonly rank: Rank | null;
  /** That many units of one conversion each would be as certain of the share; null where it has no interval. */
  readonly witnesses: number | null;
  /** Converting units that the channel has a part in. */
  readonly converted: number;
  readonly cautions: readonly CautionCode[];
}

/** What every interval leaves out is in docs/uncertainty.md. */
export const COVERS = 'sampling error only, given the model and its order';

/** The fewest draws for an interval of `level`. */
export function fewestReplicates(level: number): number {
  return level > 0.95 ? 1_000 : 200;
}

/** Errors: a `RangeError` for too few replicates; `too_many_states`. */
export function uncertaintyOf(units: Units, options: UncertaintyOptions): Uncertainty {
  const { models, rewards, replicates, level, seed } = options;
  const fewest = fewestReplicates(level);
  if (!(replicates >= fewest))
    throw new RangeError(
      `Intervals of ${level * 100} % need at least ${fewest} resamplings (got ${replicates}). Ask for ${fewest} or more.`,
    );
  const sums = emptySums(units);
  addAll(units, sums);
  const drawn = models.map((model) => {
    const estimator = estimatorOf(model, units.paths, options);
    const near = estimator.near(sums, replicates * rewards.length);
    // Near the sums themselves it is what it is over them: it is not computed twice.
    const estimate = (typeof near === 'string' ? estimator.estimate : near)(sums);
    const figures = rewards.map((reward) => ({
      reward,
      is: estimate(reward),
      draws: emptyDraws(estimator, replicates),
    }));
    return { model, estimator, figures, near };
  });
  const random = createRandom(seed);
  for (let replicate = 0; replicate < replicates; replicate++) {
    addDraw(units, sums, random);
    for (const { near, figures } of drawn) {
      if (typeof near === 'string') continue;
      const estimate = near(sums);
      for (const { reward, draws } of figures) keep(draws, replicate, estimate(reward));
    }
    options.onReplicate?.(replicate + 1);
  }
  const evidence = drawn.map(({ estimator }) => evidenceOf(units, estimator));
  return {
    unit: units.kind,
    groups: null,
    replicates,
    seed,
    level,
    cautions: evidence[0] === undefined ? [] : cautionsOfAll(units, evidence[0]),
    models: drawn.flatMap(({ model, estimator, figures, near }, i) => {
      const notDrawn = typeof near === 'string' ? near : null;
      const all = evidence[i] as AllEvidence;
      return figures.map((figure) => ofModel({ model, notDrawn, ...figure }, estimator.channels, all, units, level));
    }),
  };
}

/** The draws of each figure, by channel. */
interface Draws {
  readonly shares: readonly Float64Array[];
  readonly credits: readonly Float64Array[];
  readonly effects: readonly Float64Array[];
}

interface Figures {
  readonly reward: Reward;
  readonly is: Estimate;
  readonly draws: Draws;
}

function emptyDraws({ channels }: Estimator, replicates: number): Draws {
  const empty = () => channels.map(() => new Float64Array(replicates));
  return { shares: empty(), credits: empty(), effects: empty() };
}

function keep({ shares, credits, effects }: Draws, replicate: number, { shares: parts, effects: of, total }: Estimate): void {
  for (let channel = 0; channel < parts.length; channel++) {
    const part = parts[channel] as number;
    (shares[channel] as Float64Array)[replicate] = part;
    (credits[channel] as Float64Array)[replicate] = part * total;
    (effects[channel] as Float64Array)[replicate] = of[channel] as number;
  }
}

function ofModel(
  { model, notDrawn, reward, is, draws }: Figures & { readonly model: ModelName; readonly notDrawn: CautionCode | null },
  channels: readonly string[],
  all: AllEvidence,
  { kind, hasSingleValues }: Units,
  level: number,
): ModelUncertainty {
  const alone = all.byChannel.map(({ journeysAlone }) => journeysAlone);
  const degrees = degreesOfRates(alone);
  const ofReward = refusalOfAll(all) ?? (reward === 'value' ? refusalOfValue(all, hasSingleValues, is.total) : null);
  const refused = notDrawn ?? ofReward ?? refusalOfRates(model, degrees);
  const isOutside = is.shares.some(isOutsideOfWhole);
  // Rates that are lower with a channel than without it make its credit negative, without a refund.
  const isRate = modelInfo(model).estimates === 'rateDifference';
  const own = all.byChannel.map((evidence, i) => ({ ...evidence, isCredited: (is.shares[i] as number) > EQUAL }));
  const cautionsOf = own.map((evidence) => cautionsOfChannel({ model, reward, kind }, evidence, all));
  const hasNoShares = refused === null && restsOnRefused();
  /** Few degrees of freedom show the variance badly. */
  const timesRates = isRate ? (student(level, degrees) / deviations(level)) ** 2 : 1;
  const hasNoRates = hasNoShares && modelInfo(model).estimates !== 'amount';
  // A channel of 1 to 4 users has no interval: so of those that are printed a larger part has none.
  const mostUnseen = kind === 'user' ? mostOfNone(FEWEST_TO_JUDGE, level) : deviations(level) ** 2;
  const ranked = all.byChannel.map(({ converted }) => converted > 0);
  const ranks = refused === null ? ranksOf(is.shares, draws.shares, ranked) : [];
  return {
    model,
    reward,
    cautions: [
      ...(refused === null ? [] : [refused]),
      ...(isOutside ? ['outside_of_whole' as const] : []),
      ...(hasNoShares && !isOutside ? ['shares_not_certain' as const] : []),
      ...(reward === 'value' && hasSingleValues ? cautionsOfValue(all, refused !== null) : []),
    ],
    seen: reward === 'value' && refused === null ? seenOrders(all, level) : null,
    channels: channels.map((channel, i) => {
      const evidence = all.byChannel[i] as AllEvidence['byChannel'][number];
      const { converted } = evidence;
      const { cautions, isRefused } = cautionsOf[i] as (typeof cautionsOf)[number];
      const none = refused !== null || isRefused;
      const witnesses = { converted, all: all.converted, widened: 1, none: mostUnseen };
      const of = is.effects[i] as number;
      const above = isRate ? deviationsAbove(of, varianceOf(draws.effects[i] as Float64Array), degrees) : MANY_DEVIATIONS;
      const mayBeBelow = !(above >= SURELY_ABOVE);
      const hasNoCredit = none || isOutside || mayBeBelow;
      // Printed in samples only in which the effect is surely above 0, and of value and of users in which enough converted.
      const needs5 = converted > 0 && (reward === 'value' || kind === 'user');
      const fewest = fewestPrinted(evidence, reward);
      const beside = reward === 'value' ? evidence.beside.ofValue : evidence.beside.ofConversions;
      const drawn = { ...witnesses, widened: timesRates * widenedBeside(beside) };
      const ofFew = needs5 ? loweredByCount({ known: converted, fewest }, level) : 1;
      const lowered = (one: Interval | null, by: number) => one && { ...one, low: one.low * (one.low > 0 ? by : 1) };
      const byAlone = isRate ? Math.max(0, 1 - aboveAlone(i) / of) : 1;
      const bySign = (one: Interval | null) => lowered(one, loweredBySign(above, level) * byAlone);
      const share =
        hasNoCredit || hasNoShares
          ? null
          : lowered(bySign(ofProportion(is.shares[i] as number, draws.shares[i] as Float64Array, drawn, level)), ofFew);
      const amount = (is.shares[i] as number) * is.total;
      const unlowered = hasNoCredit ? null : bySign(ofCredit(amount, draws.credits[i] as Float64Array, drawn, is.total, level));
      const credit = lowered(unlowered, ofFew);
      const effect =
        none || hasNoRates
          ? null
          : modelInfo(model).estimates === 'amount' && credit !== null
            ? credit
            : effectOf(i, drawn, ofFew);
      const isStill =
        (credit === null && amount > 0 && !isOutside && !mayBeBelow) || (effect === null && isShared(model) && !hasNoRates);
      return {
        channel,
        shareIs: is.shares[i] as number,
        share,
        credit,
        effect,
        ofRatios: ofRatios(unlowered, { known: converted, fewest: needs5 ? fewest : 0 }, level),
        rank: ranks[i] ?? null,
        witnesses: hasNoCredit ? null : sizeOf(is.shares[i] as number, draws.shares[i] as Float64Array, witnesses),
        converted,
        cautions: [
          ...cautions,
          ...(none || converted === 0
            ? []
            : [
                ...(reward === 'value' && amount <= 0 && !isRate ? ['value_not_positive' as const] : []),
                ...(mayBeBelow && !isOutside ? ['sign_not_certain' as const] : []),
                ...(isStill ? ['never_differs' as const] : []),
              ]),
        ],
      };
    }),
  };

  /** The game of rates is of all channels together: it rests on each, by its part of the conversions, whatever it is worth. */
  function restsOnRefused(): boolean {
    return decidesShares(
      cautionsOf.map(
        ({ isRefused, cautions }, i) => (own[i]?.converted ?? 0) > 0 && (isRate ? decidesRates(cautions) : isRefused),
      ),
      isRate ? own.map(({ converted }) => converted / Math.max(1, all.converted)) : is.shares,
    );
  }

  function effectOf(i: number, witnesses: Witnesses, ofFew: number): Interval | null {
    const of = ofEffect(model, is.effects[i] as number, draws.effects[i] as Float64Array, witnesses, level);
    if (of === null) return null;
    if (isRate) return { ...of, low: of.low - aboveAlone(i) };
    return of.low <= 0 ? of : { ...of, low: of.low * ofFew };
  }

  /** Samples print a channel in which enough converted by it alone: what the effect may be lower for that. */
  function aboveAlone(i: number): number {
    const { journeysAlone: journeys, convertedAlone } = own[i] as (typeof own)[number];
    const lowered = loweredByCount({ known: convertedAlone, fewest: FEWEST_ALONE.converted }, level);
    return heightAlone(alone, i, { lowered, rate: (convertedAlone * is.total) / all.converted / Math.max(1, journeys) });
  }
}

/** Printed in samples only in which enough converted: where few do, the channel did well in these. */
function ofRatios(
  credit: Interval | null,
  { known, fewest }: { readonly known: number; readonly fewest: number },
  level: number,
): Interval | null {
  if (credit === null || known < FEWEST_FOR_RATIOS) return null;
  return { ...credit, low: credit.low * loweredByCount({ known, fewest: Math.max(FEWEST_FOR_RATIOS, fewest) }, level) };
}

interface Witnesses {
  /** Units with a conversion that counts for the channel. */
  readonly converted: number;
  readonly all: number;
  /** By what the variance of the draws is multiplied. */
  readonly widened: number;
  /** The most units that a channel may stand for that has none. */
  readonly none: number;
}

/** As certain as a proportion among that many equal witnesses: of no conversion at all that is all of them. */
function ofProportion(part: number, draws: Float64Array, witnesses: Witnesses, level: number): Interval {
  const z = deviations(level);
  if (witnesses.converted === 0) return wilson(0, witnesses.all, Math.sqrt(witnesses.none));
  return wilson(part, sizeOf(part, draws, witnesses), z);
}

function sizeOf(part: number, draws: Float64Array, { converted, all, widened }: Witnesses): number {
  const variance = widened * varianceOf(draws);
  const size = isNoise(variance, part) || isNoneOrAll(part) ? all : (part * (1 - part)) / variance;
  return converted < 5 ? Math.min(size, all) : size;
}

/** None converted: at most as many units as this would have; of value there are intervals only where their orders would be worth what others are. */
function ofCredit(amount: number, draws: Float64Array, witnesses: Witnesses, total: number, level: number): Interval | null {
  const { converted, all, none } = witnesses;
  if (converted === 0) return all === 0 ? null : { low: 0, high: (none * total) / all };
  return amount <= 0 ? null : ofAmount(amount, draws, witnesses, level);
}

function ofAmount(amount: number, draws: Float64Array, { converted, widened }: Witnesses, level: number): Interval | null {
  const variance = widened * varianceOf(draws);
  if (isNoise(variance, amount)) return null;
  return converted < 5 ? scored(amount, variance, deviations(level)) : onLogScale(amount, variance, student(level, converted));
}

/** Removal effects and blended shares are parts of a whole; values of the sum game are its credit; those of rates lie anywhere. A rule has none. */
function ofEffect(model: ModelName, effect: number, draws: Float64Array, witnesses: Witnesses, level: number): Interval | null {
  const { estimates } = modelInfo(model);
  if (!isShared(model) || (witnesses.converted === 0 && estimates !== 'part')) return null;
  if (estimates === 'part' && !isOutsideOfWhole(effect)) return ofProportion(effect, draws, witnesses, level);
  if (isNoise(varianceOf(draws), effect)) return null;
  if (estimates !== 'rateDifference' && effect > 0) return ofAmount(effect, draws, witnesses, level);
  const { low, high } = percentiles(draws, level);
  const times = Math.sqrt(witnesses.widened);
  return { low: effect - times * (effect - low), high: effect + times * (high - effect) };
}
