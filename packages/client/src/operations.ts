/** The operations of the API by name, and which of them are reads or come in pages. */
import { type Operations, ROUTES } from './api.ts';

export type Operation = keyof Operations;
export type Asked<O extends Operation> = Operations[O]['asked'];
export type Answer<O extends Operation> = Operations[O]['answer'];

/** Those whose answers come in pages. */
export type Paged = {
  [O in Operation]: Answer<O> extends { readonly nextCursor: string | null } ? O : never;
}[Operation];

/** It changes nothing, so it may be sent again after an answer was lost. */
export function isRead(operation: Operation): boolean {
  return ROUTES[operation][0] === 'GET' || operation === 'querySignals';
}
