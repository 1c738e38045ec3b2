/**
 * How rows are made of events and definitions, numbered. What users write follows the newest rules; what is stored (in barriers,
 * manifests, states of partitions) keeps the rules that it was made by. So new rules take effect as a change of definitions
 * does, with the next generation, at one cut in both layers (decision 22).
 *
 *   1  events of one instant are in order of id (texts of that time do not name their rules)
 *   2  events of one instant: touches before conversions, then in order of id
 *   3  as 2, and conversions that are counted once; only texts that name such conversions have these
 *   4  rows as 2 or 3; beside them exchange rates, which no row follows: only texts that have rates have these
 *   5  rows as 2 or 3, with rates or without; beside them what is asked of each user's events, which no row follows either
 *   6  rows as 2 or 3, of events as they are corrected; the rest as 5
 *   7  no text has these: definitions that join keys had them before users could write such
 *   8  as 6, and rows of what people do on pages (decision 48); only texts that have `web` have these
 *   9  as 8; only texts have these that say of a signal's window how accurate it is, or join events, which no row follows
 *  10  as 9, and rows of what definitions count over all users (decision 57); only texts that have `counts` have these
 *  11  as 10, and rows of members of segments by day (decision 58); only texts have these of which a segment has `byDay`
 *  12  as 11, of events that count for the user whom their key belongs to (decision 43); only texts that have `identity` have these
 */
export const RULES = 12;
export const RULES_OF_RATES = 4;

/** By what a text has: the newest first. */
const RULES_BY_PART = {
  identity: RULES,
  byDay: 11,
  counts: 10,
  joins: 9,
  web: 8,
  corrections: 6,
  derived: 5,
  rates: RULES_OF_RATES,
} as const;

export const WITH_RULES = [2, 3, RULES_OF_RATES, 5, 6, 7, 8, 9, 10, 11, RULES] as const;

type Part = keyof typeof RULES_BY_PART;

/** The rules of the newest part that a text has; undefined: it has none of them. */
export function newestRules(has: Readonly<Record<Part, boolean>>): (typeof RULES_BY_PART)[Part] | undefined {
  const part = (Object.keys(RULES_BY_PART) as Part[]).find((one) => has[one]);
  return part === undefined ? undefined : RULES_BY_PART[part];
}

/** The rules that rows follow, whatever else the text has. */
export function ofRows(rules: number, countsOnce: boolean): 1 | 2 | 3 {
  return countsOnce ? 3 : rules === 1 ? 1 : 2;
}
