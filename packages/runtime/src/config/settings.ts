/** Apart from what reads the file: a look at settings loads no parser. */
import type { ConfigTable } from './read-config.ts';

export const DEFINITIONS_SETTINGS = {
  definitionsFile: { type: 'string', default: '', why: 'which events are touches, conversions, signals; "" is the built-in set' },
} as const satisfies ConfigTable;
