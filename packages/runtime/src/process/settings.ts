import { isIP } from 'node:net';
import type { ConfigTable } from '../config/read-config.ts';
import type { Wrong } from '../config/setting.ts';

export const PROCESS_SETTINGS = {
  host: {
    type: 'string',
    default: '127.0.0.1',
    why: 'address to listen on; by default loopback, for this machine alone',
    wrong: hostRule,
  },
  logLevel: {
    type: 'string',
    default: 'info',
    oneOf: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    why: 'trace, debug, info, warn, error or silent',
  },
  healthPort: {
    type: 'int',
    default: 0,
    unit: 'port',
    why: 'serves /livez, /readyz and /metrics of a role without HTTP of its own; 0 is none',
  },
} as const satisfies ConfigTable;

function hostRule(text: string): Wrong | undefined {
  // Any digits are read as an address: "0" is every network.
  const isName = !/^[\d.]+$/.test(text);
  if (isIP(text) !== 0 || (isName && /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$/.test(text))) return undefined;
  return {
    must: 'be an address or the name of this machine',
    fix: 'Write 127.0.0.1 for this machine alone, or 0.0.0.0 for all networks.',
  };
}
