/** What a command gets: the outside world as arguments, so that tests run whole commands in their own process. */
import type { EventLog } from '@tributary/log/port';
import type { Command } from 'commander';
import { type ApiClient, createApiClient } from './api-client.ts';
import type { ExitCode } from './exit.ts';
import { type Environment, type GlobalOptions, resolveSettings, type Settings } from './settings.ts';
import { printableJson } from './terminal/table.ts';
import { createTerminal, type Terminal, type TextStream } from './terminal/terminal.ts';

export interface Shell {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  /** The checkout that the command belongs to. */
  readonly home: string;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** Epoch ms. */
  readonly now: () => number;
  /** Over at once where `signal` aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly fetch: typeof fetch;
  readonly open: (path: string) => AsyncIterable<Uint8Array>;
  /** Whether it is a regular file, which can be read again: a pipe gives what it has once. False where there is none. */
  readonly isFile: (path: string) => Promise<boolean>;
  /** Writes a whole file, in place of what is there. */
  readonly save: (path: string, text: string) => Promise<void>;
  /** Runs a program with our terminal as its own; resolves with its exit code. */
  readonly run: (file: string, args: readonly string[], env: Environment) => Promise<number>;
  readonly newId: () => string;
  /** The version of the Node that runs this. */
  readonly nodeVersion: string;
  /** The log that is there, as the environment says where; rejects when there is none, or nothing that answers. */
  readonly openLog: (name: LogName, redisUrl: string, env: Environment) => Promise<OpenLog>;
  /** Aborts on Ctrl-C: commands that follow something end with it. */
  readonly signal: AbortSignal;
}

/** What is collected, and what the speed layer sends out. */
export type LogName = 'events' | 'outputs';

export interface OpenLog extends AsyncDisposable {
  readonly log: EventLog;
}

export interface Context {
  readonly shell: Shell;
  readonly terminal: Terminal;
  readonly settings: Settings;
  readonly json: boolean;
  api(scope: 'read' | 'admin'): ApiClient;
  /** null: there is no key for it. */
  apiIfAny(scope: 'read', timeoutMs: number): ApiClient | null;
}

/** Wraps a handler as a commander action: `(context, …arguments, options)`. */
export type Act = <A extends unknown[]>(
  handler: (context: Context, ...args: A) => Promise<ExitCode>,
) => (...args: [...A, Command]) => Promise<void>;

export function createContext(shell: Shell, options: GlobalOptions): Context {
  const settings = resolveSettings(options, shell.env, shell.cwd, shell.home);
  const terminal = createTerminal(shell, shell.env, shell.now);
  return {
    shell,
    settings,
    json: options.json === true,
    terminal,
    api: (scope) => createApiClient(settings.apiUrl, settings.key(scope), shell.fetch, { onSlow: terminal.say }),
    apiIfAny(scope, timeoutMs) {
      const key = settings.keyIfAny(scope);
      return key === undefined ? null : createApiClient(settings.apiUrl, key, shell.fetch, { timeoutMs });
    },
  };
}

/** The answer of a command: one JSON document for machines, or text for people. */
export async function answer(context: Context, value: unknown, text: () => string): Promise<void> {
  await context.terminal.data(context.json ? printableJson(JSON.stringify(value, asJson, 2)) : text());
}

/** Maps as objects, and a bigint as the number it is. */
function asJson(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return rawJson(String(value));
  return value instanceof Map ? Object.fromEntries(value as Map<string, unknown>) : value;
}

const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };
