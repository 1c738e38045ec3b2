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
 *   7  rows as 6, of events that count for the user whom their key belongs to (decision 43)
 *   8  as 7, and rows of what people do on pages (decision 48); only texts that have `web` have these
 *   9  as 8; only texts have these that say of a signal's window how accurate it is, or join events, which no row follows
 *  10  as 9, and rows of what definitions count over all users (decision 57); only texts that have `counts` have these
 */
export const RULES = 10;
export const RULES_OF_JOINS = 9;
export const RULES_OF_WEB = 8;
export const RULES_OF_IDENTITY = 7;
export const RULES_OF_CORRECTIONS = 6;
export const RULES_OF_DERIVED = 5;
export const RULES_OF_RATES = 4;
export const WITH_RULES = [
  2,
  3,
  RULES_OF_RATES,
  RULES_OF_DERIVED,
  RULES_OF_CORRECTIONS,
  RULES_OF_IDENTITY,
  RULES_OF_WEB,
  RULES_OF_JOINS,
  RULES,
] as const;
