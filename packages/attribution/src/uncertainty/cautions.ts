/** Which cautions stand beside figures, and which of them leave no interval: by what is behind the figures (evidence.ts). */
import type { Reward } from '../data-driven/counts.ts';
import { type ModelName, modelInfo } from '../models/catalogue.ts';
import type { CautionCode } from './caution-codes.ts';
import type { AllEvidence, Evidence } from './evidence.ts';
import { fewestBeside, isOfFewBeside, showsAbsence } from './like-others.ts';
import { FEWEST_ALONE } from './rates-alone.ts';
import { areAlike, mayBeHeavy } from './tail.ts';
import type { Units } from './units.ts';

/** Below, there is a caution above all figures. */
export const ENOUGH_IN_ALL = 100;
/** Converting units below which a channel has no figures for money. */
export const FEWEST_FOR_RATIOS = 10;
/** How many units of equal value a channel, or all of them, must be worth. */
export const FEWEST_OF_VALUE = { channel: 20, all: 50 };
/** Codes beside a channel that has a cost, where its credit has an interval and what is divided by it has none. */
export function withRatios(
  {
    credit,
    ofRatios,
    cautions,
  }: { readonly credit: unknown; readonly ofRatios: unknown; readonly cautions: readonly CautionCode[] },
  cost: number,
): readonly CautionCode[] {
  return cost > 0 && credit !== null && ofRatios === null ? [...cautions, 'fewer_than_10_conversions'] : cautions;
}

/** Beside a channel that a model with intervals does not know in groups of users, as nothing of it was credited. */
export const UNKNOWN_IN_GROUPS: readonly CautionCode[] = ['few_groups'];

/** Codes of a row where what concerns all rows has no other place, separated by spaces: those of all, then its own. */
export function withCodesOfAll(ofAll: readonly CautionCode[], own: string): string {
  return [...new Set([...ofAll, ...own.split(' ').filter((code) => code !== '')])].join(' ');
}

/** Values that differ less than this are taken as equal, however few: a coefficient of variation of 0.5. */
const NEARLY_EQUAL = 0.8;

/** Those that concern the whole answer. */
export function cautionsOfAll(
  { kind, lacksUsers }: Pick<Units, 'kind' | 'lacksUsers'>,
  { converted }: AllEvidence,
): CautionCode[] {
  return [
    ...(lacksUsers ? ['some_without_user' as const] : kind === 'journey' ? ['journeys_as_units' as const] : []),
    ...(converted < ENOUGH_IN_ALL ? ['fewer_than_100_conversions' as const] : []),
  ];
}

/** Below this number of converting units intervals are wide enough to say it; above, a few units with many conversions hide in them. */
const ENOUGH_TO_HIDE = 30;
/** How many units of one conversion each all must be worth. */
const FEWEST_OF_CONVERSIONS = 100;

/** Why nothing is said of any reward; null: there are intervals. */
export function refusalOfAll({ converted, ofConversions, heavyTail }: AllEvidence): CautionCode | null {
  const isFew = converted >= ENOUGH_TO_HIDE && ofConversions < Math.min(FEWEST_OF_CONVERSIONS, converted / 2);
  return isFew || (heavyTail.ofConversions && !areAlike(converted, ofConversions)) ? 'few_users_decide' : null;
}

/** Why nothing is said of value; null: there are intervals. */
export function refusalOfValue(
  { converted, ofValue, hasValue, heavyTail }: AllEvidence,
  hasSingleValues: boolean,
  total: number,
): CautionCode | null {
  if (!hasSingleValues) return 'values_as_sums';
  if (converted > 0 && !hasValue) return 'no_value';
  if (total <= 0 && converted > 0) return 'value_not_positive';
  const isDecided = heavyTail.ofValue || ofValue < FEWEST_OF_VALUE.all;
  return isDecided && !areAlike(converted, ofValue) ? 'few_orders_decide' : null;
}

/** `isRefused`: there are no intervals of value that could leave something out. */
export function cautionsOfValue({ ofValue, hasValue, largestOrder, converted }: AllEvidence, isRefused: boolean): CautionCode[] {
  if (converted === 0 || !hasValue) return [];
  return [
    ...(largestOrder >= 0.05 || ofValue < 100 ? ['few_large_orders' as const] : []),
    ...(isRefused ? [] : ['larger_orders_unseen' as const]),
  ];
}

/** What a sample of value can know: no more than its orders show. No method can know more without a bound on orders (Bahadur, Savage 1956). */
export interface SeenOrders {
  /** Minor units. */
  readonly largest: number;
  /** Converting units that are rarer than one in that many are all missing from such a sample with a probability above `1 − level`. */
  readonly missesBelowOneIn: number;
}

export function seenOrders({ converted, largestValue }: AllEvidence, level: number): SeenOrders | null {
  return converted === 0 ? null : { largest: largestValue, missesBelowOneIn: converted / -Math.log(1 - level) };
}

/** Fewer converting units of a channel are a caution, and fewer than as many of one conversion each are. */
const FEW = 20;

/** Fewer converting units are too few to say more than that; of their value there is no interval. */
export const FEWEST_TO_JUDGE = 5;

/**
 * Some users convert so often that all of the channel's are as certain as a few, or may be of a law without a variance. A channel is judged
 * by the users of all others, and by its own where these convert otherwise: of few, its own happened to be alike (like-others.ts).
 */
function hidesRepeats({ converted, ofConversions, heavyTail, beside }: Evidence): boolean {
  const own = { units: converted, equal: ofConversions, isHeavy: heavyTail.ofConversions };
  // Where users convert repeatedly, that none of a channel did says nothing either.
  if (converted === 0) return beside.ofConversions !== null && !showsAbsence(beside.ofConversions);
  if (converted < FEWEST_TO_JUDGE) return false;
  if (beside.ofConversions !== null) return isOfFewBeside(beside.ofConversions, 'ofConversions', own);
  if (areAlike(converted, ofConversions)) return false;
  return (
    mayBeHeavy(converted, converted, ofConversions, heavyTail.ofConversions) ||
    ofConversions < Math.min(FEWEST_OF_CONVERSIONS, converted / 2)
  );
}

/** How many converting users a channel needs at least to be printed: its lower bounds allow for that. */
export function fewestPrinted({ beside }: Evidence, reward: Reward): number {
  const fewest = (of: 'ofConversions' | 'ofValue') => {
    const others = beside[of];
    return others === null ? FEWEST_TO_JUDGE : fewestBeside(others, of);
  };
  return reward === 'value' ? Math.max(fewest('ofConversions'), fewest('ofValue')) : fewest('ofConversions');
}

/** The part of all that a channel must have to decide the shares of the others. */
const DECIDES = 0.05;

/** Whether the channels without an interval have so much that the parts of all others rest on them. `shares`: their parts, by channel. */
export function decidesShares(isRefused: readonly boolean[], shares: ArrayLike<number>): boolean {
  return isRefused.reduce((sum, refused, i) => sum + (refused ? Math.max(0, shares[i] as number) : 0), 0) >= DECIDES;
}

/** The same of its value: fewer than 5 orders do not show whether they are alike, and others than those that are must be many. */
function isDecidedByFew({ converted, ofValue, heavyTail, beside }: Evidence, all: AllEvidence): boolean {
  if (converted < FEWEST_TO_JUDGE) return true;
  const own = { units: converted, equal: ofValue, isHeavy: heavyTail.ofValue };
  if (beside.ofValue !== null) return isOfFewBeside(beside.ofValue, 'ofValue', own);
  if (areAlike(converted, ofValue) && all.ofValue >= NEARLY_EQUAL * all.converted) return false;
  return ofValue < FEWEST_OF_VALUE.channel || mayBeHeavy(converted, converted, ofValue, heavyTail.ofValue);
}

/** Why a channel has no interval in the game of rates, and others have theirs: it has few conversions, which says nothing of these. */
const OF_ITSELF: ReadonlySet<CautionCode> = new Set<CautionCode>([
  'few_groups',
  'few_journeys_alone',
  'too_few_conversions',
  'few_conversions',
]);

/** Whether the parts of all others in the game of rates rest on a channel with these cautions. */
export function decidesRates(cautions: readonly CautionCode[]): boolean {
  return cautions.some((code) => !OF_ITSELF.has(code));
}

/** Those that concern one channel: what stands beside its figures, and whether they have intervals at all. */
export function cautionsOfChannel(
  { model, reward, kind }: { readonly model: ModelName; readonly reward: Reward; readonly kind: Units['kind'] },
  own: Evidence & { readonly isCredited: boolean },
  all: AllEvidence,
): { readonly cautions: CautionCode[]; readonly isRefused: boolean } {
  const { converted, ofValue, isCredited } = own;
  const isWithout = converted === 0 && isCredited;
  const isWorthNothing = reward === 'value' && (!all.hasValue || (converted > 0 && !own.hasValue));
  const refusals: CautionCode[] = [
    ...(isWithout ? ['credit_without_conversion' as const] : []),
    ...(hidesRepeats(own) ? ['few_users_decide' as const] : []),
    ...(isWorthNothing && all.hasValue ? ['no_value' as const] : []),
    ...(modelInfo(model).estimates === 'rateDifference' &&
    (own.journeysAlone < FEWEST_ALONE.journeys || own.convertedAlone < FEWEST_ALONE.converted)
      ? ['few_journeys_alone' as const]
      : []),
    ...(reward === 'value' && !isWorthNothing && isDecidedByFew(own, all)
      ? [own.hasValue && ofValue === 0 ? ('value_not_positive' as const) : ('few_orders_decide' as const)]
      : []),
  ];
  const few = converted === 0 ? 'no_conversions' : converted < 5 ? 'too_few_conversions' : 'few_conversions';
  return {
    // What is worth nothing has no bound either.
    cautions: [
      ...(converted < FEW && !isWithout && !(isWorthNothing && converted === 0) ? [few as CautionCode] : []),
      ...refusals,
    ],
    // How often users convert is not seen in a few of them; a journey converts once.
    isRefused: refusals.length > 0 || (kind === 'user' && converted > 0 && converted < FEWEST_TO_JUDGE),
  };
}
