/** Money as clients send it (decimal major units) to integer minor units, in exact decimal arithmetic. */
import { decimalsOf } from '@tributary/model/amounts/currency';
import { EVENT_BOUNDS } from '@tributary/model/reading/validate-event';

const DECIMAL = /^([+-]?)\$?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;
/** Longest decimal text that is read, characters. */
const LENGTH_LIMIT = 64;

/**
 * `19.99` → 1999; JPY 500 → 500; BHD 1.5 → 1500. Half a minor unit rounds away from zero, which also corrects sums such as
 * 0.1 + 0.2. Undefined when `amount` is not a decimal number, or one beyond the bounds of an event.
 */
export function toMinorUnits(amount: unknown, currency: string | undefined): number | undefined {
  // String(number) is the shortest decimal that reads back as the same double: what the client's code said.
  const text = typeof amount === 'number' ? String(amount) : typeof amount === 'string' ? amount.trim() : '';
  const match = text.length > LENGTH_LIMIT ? null : DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  if (whole + fraction === '') return undefined;
  const minor = shifted(whole, fraction, Number(exponent) + decimalsOf(currency));
  if (minor === undefined || minor > EVENT_BOUNDS.amountMinor) return undefined;
  return sign === '-' && minor !== 0 ? -minor : minor;
}

/** The decimal `whole.fraction` × 10^places, rounded half up; undefined where it has more digits than any amount. */
function shifted(whole: string, fraction: string, places: number): number | undefined {
  const digits = (whole + fraction).replace(/^0+(?=\d)/, '');
  const behindPoint = fraction.length - places;
  if (behindPoint <= 0) return digits === '0' ? 0 : integer(digits + '0'.repeat(Math.min(-behindPoint, LENGTH_LIMIT)));
  const padded = digits.padStart(behindPoint + 1, '0');
  const point = padded.length - behindPoint;
  const floor = integer(padded.slice(0, point));
  return floor === undefined ? undefined : floor + ((padded[point] ?? '0') >= '5' ? 1 : 0);
}

function integer(digits: string): number | undefined {
  return digits.length > 15 ? undefined : Number(digits);
}
