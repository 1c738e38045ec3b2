/** What is a currency: the one rule of the collector, of importers and of the log's reader. */

/** Unicode's list: what ISO 4217 names, and what it named once, for history. */
const NAMES = new Intl.DisplayNames('en', { type: 'currency', fallback: 'none' });

/** Looking a name up takes longer than the rest of an event. At most 26³ entries. */
const known = new Map<string, boolean>();

/** The form of a code. Readers of the log ask for no more: what is there was accepted, by whatever list was current then. */
export function isCurrencyCode(code: string): boolean {
  return /^[A-Z]{3}$/.test(code);
}

/** The code of a currency that exists, or did. All 17 576 of the form would be as many names that views keep, for each day and channel. */
export function isCurrency(code: string): boolean {
  if (!isCurrencyCode(code)) return false;
  const answer = known.get(code) ?? NAMES.of(code) !== undefined;
  known.set(code, answer);
  return answer;
}

/** Why it is refused; `got` as `describe` shows it. */
export function noCurrency(got: string, field = 'currency'): string {
  return `${field} must be a code of ISO 4217 (got ${got})`;
}
