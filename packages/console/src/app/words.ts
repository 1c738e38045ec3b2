import type { Reason } from '@tributary/contract/shapes/meta';

/** What the API says begins in small letters, as it may stand behind a name. */
export function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? '' : '.'}`;
}

/** Why an answer is not complete, in a few words; what the API warns of says it in full. */
const REASON_WORDS: Readonly<Record<Reason, string>> = {
  behind: 'live events are behind',
  log_unknown: 'where the log ends is not known',
  writes_lost: 'the store lost its last writes',
  other_history: 'store, log and archive differ in history',
  clock_ahead: 'the log is ahead of the clock',
  cut_apart: 'both layers are cut apart',
  view_not_counted: 'a worker of another version counted',
  older_generation: 'an older generation is served',
  no_generation: 'no generation yet',
  held_answer: 'an earlier answer stands in',
  definitions_changed: 'both layers follow different definitions',
  bound_reached: 'more is there than may be read',
  record_cut: 'older events of users are missing',
  counts_differ: 'counts do not agree',
  collector_silent: 'what collectors rejected is not known',
  events_retired: 'events of these days were retired',
};

/** A code that is newer than this page stands as it is. */
export function wordsOf(reasons: readonly string[]): string {
  return reasons.map((code) => (Object.hasOwn(REASON_WORDS, code) ? REASON_WORDS[code as Reason] : code)).join(', ');
}

/** A sentence in which names of others stand as they came: a mark of direction among them would turn the rest of it around. */
export function inItsDirection(text: string): string {
  return text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}
