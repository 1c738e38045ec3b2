/** The options of `npm start`; start.mjs prints their help without needing anything installed. */
import { parseArgs } from 'node:util';
import { TributaryError } from '@tributary/model/errors';
import { MAX_BASE_PORT } from './ports.ts';

export interface StartOptions {
  readonly basePort: number;
  readonly dataDir: string;
  readonly demo: boolean;
}

/** Throws `invalid_config` that names the option and its value. */
export function parseOptions(argv: readonly string[]): StartOptions {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        port: { type: 'string', default: '7400' },
        'data-dir': { type: 'string', default: '.tributary' },
        'no-demo': { type: 'boolean', default: false },
      },
    });
    const basePort = /^\d{1,5}$/.test(values.port) ? Number(values.port) : 0;
    if (basePort < 1 || basePort > MAX_BASE_PORT)
      throw new Error(`--port is a number from 1 to ${MAX_BASE_PORT}, got "${values.port}"`);
    if (values['data-dir'] === '') throw new Error('--data-dir needs a folder, got ""');
    return { basePort, dataDir: values['data-dir'], demo: !values['no-demo'] };
  } catch (cause) {
    throw new TributaryError('invalid_config', (cause as Error).message, { cause });
  }
}
