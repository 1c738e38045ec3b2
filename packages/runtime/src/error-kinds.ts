/** What a role does about an error: the columns of the one table. */
import { ERRORS, TributaryError } from '@tributary/model/errors';

export function isTransient(error: unknown): boolean {
  return error instanceof TributaryError && ERRORS[error.code].kind === 'transient';
}

export function isFatal(error: unknown): boolean {
  return error instanceof TributaryError && ERRORS[error.code].kind === 'fatal';
}

/** The exit code of a role that cannot run with what it was configured with. */
export const REFUSED = 2;

/** Asked of a start: the same error later may come from a file that is just being changed. */
export function isRefusal(error: unknown): boolean {
  return error instanceof TributaryError && ERRORS[error.code].refusesStart === true;
}

/** Every host would find the same. */
export function isOnEveryHost(error: unknown): boolean {
  return error instanceof TributaryError && ERRORS[error.code].onEveryHost === true;
}
