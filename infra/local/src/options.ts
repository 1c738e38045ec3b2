/** The options of `npm start`; start.mjs prints their help without needing anything installed. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { TributaryError } from '@tributary/model/errors';
import { distanceOf } from '@tributary/runtime/config/nearest-name';
import { DATA_FOLDER_SETTINGS, folderNameTrouble } from '@tributary/runtime/data-folder/settings';
import { DEFAULT_PORTS } from '@tributary/runtime/process/local-ports';
import { MAX_BASE_PORT } from './ports.ts';

export interface StartOptions {
  readonly basePort: number;
  /** Absolute. */
  readonly dataDir: string;
  /** What named the folder. */
  readonly dataDirFrom: string;
  readonly demo: boolean;
}

/** The folder in which a command was typed: npm runs its scripts in the folder of the package. */
export function typedIn(env: Readonly<Record<string, string | undefined>>): string {
  return (env['npm_lifecycle_event'] === 'start' ? env['INIT_CWD'] : undefined) ?? process.cwd();
}

/** An option wins over `TRIBUTARY_DATA_DIR`. Throws `invalid_config` that names the option and its value. */
export function parseOptions(argv: readonly string[], env: Readonly<Record<string, string | undefined>> = {}): StartOptions {
  try {
    const { values, tokens } = parseArgs({
      args: [...argv],
      tokens: true,
      options: {
        port: { type: 'string', default: String(DEFAULT_PORTS.collector) },
        'data-dir': { type: 'string' },
        'no-demo': { type: 'boolean', default: false },
      },
    });
    const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw new Error(`--${twice} must be given once (got it twice). Leave one of them out.`);
    const basePort = /^\d{1,5}$/.test(values.port) ? Number(values.port) : 0;
    if (basePort < 1 || basePort > MAX_BASE_PORT)
      throw new Error(`--port must be a number from 1 to ${MAX_BASE_PORT} (got "${values.port}"). Five more ports follow it.`);
    if (values['data-dir']?.trim() === '') throw new Error('--data-dir must be a folder (got ""). Name one, or leave it out.');
    const inEnvironment = env['TRIBUTARY_DATA_DIR']?.trim() === '' ? undefined : env['TRIBUTARY_DATA_DIR'];
    const isOption = values['data-dir'] !== undefined || inEnvironment === undefined;
    const named = values['data-dir'] ?? inEnvironment;
    const dataDirFrom = isOption ? '--data-dir' : 'TRIBUTARY_DATA_DIR';
    const trouble = named === undefined ? undefined : folderNameTrouble(dataDirFrom, named);
    if (trouble !== undefined) throw new Error(trouble);
    return {
      basePort,
      dataDir: named === undefined ? resolve(DATA_FOLDER_SETTINGS.dataDir.default) : resolve(typedIn(env), named),
      dataDirFrom,
      demo: !values['no-demo'],
    };
  } catch (cause) {
    throw new TributaryError('invalid_config', worded(cause as Error & { code?: string }), { cause });
  }
}

/** The parser advises on what its own caller may change. */
function worded({ code = '', message }: Error & { code?: string }): string {
  const [, given = ''] = /'(.*?)'/.exec(message) ?? [];
  if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL')
    return `npm start takes only options (got "${given}"). Write npm start -- --port ${DEFAULT_PORTS.collector}, with "--" before them; --help lists all.`;
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const nearest = ['--port', '--data-dir', '--no-demo'].find((known) => distanceOf(known, given) <= 2);
    return `npm start has no option "${given}". ${nearest === undefined ? 'Leave it out' : `Write ${nearest}`}; --help lists all.`;
  }
  if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE' && /does not take an argument/.test(message))
    return `${given.split(' ')[0]} must have no value (got one). Leave out "=" and what follows.`;
  if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE')
    return `${given.split(' ')[0]} must have a value (got none). Write it after the option.`;
  return message;
}
