/** `tributary definitions preview FILE`: what its signals, sessions and segments say of some users now, beside those in force. Changes nothing. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArchivedPast } from '@tributary/archive/history/archived-past';
import { exactJson } from '@tributary/model/exact-json';
import type { SignalDefinition, SignalSet } from '@tributary/signals/definitions/read';
import type { SignalValue } from '@tributary/signals/value';
import { answer, type Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { readDefinitions } from '../report/definition-file.ts';
import { identityNote } from '../report/identity-note.ts';
import { counted, instant } from '../terminal/figures.ts';
import { renderWide, shortName } from '../terminal/table.ts';

const MOST_USERS = 1_000;
const MEMORY = '1GB';

export interface PreviewOptions {
  readonly users?: string;
  readonly sample: string;
}

/** `changed`: by its version, which follows all that its values follow. */
type Change = 'new' | 'changed' | 'same' | 'removed';

interface Previewed {
  readonly name: string;
  readonly change: Change;
  readonly version: string | null;
  readonly inForce: string | null;
  /** null: the definition is unknown, or of this user more events are within reach than are read. */
  readonly values: readonly { readonly user: string; readonly value: SignalValue; readonly valueInForce: SignalValue }[];
}

export async function preview(context: Context, file: string, { users, sample }: PreviewOptions): Promise<ExitCode> {
  const { shell, terminal } = context;
  const count = /^[1-9]\d{0,3}$/.test(sample) ? Number(sample) : 0;
  if (count < 1 || count > MOST_USERS)
    throw new UsageError(`--sample must be a number from 1 to ${MOST_USERS} (got "${sample}")`);
  const written = await readDefinitions(shell.cwd, file);
  const [{ pastOfCommand }, { sampledUsers }, { signalsOf }, { sha256Hex }] = await Promise.all([
    import('../history/archived-past.ts'),
    import('@tributary/archive/history/sampled-users'),
    import('@tributary/signals/definitions/file'),
    import('@tributary/runtime/config/definitions'),
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'tributary-preview-'));
  try {
    const past = await pastOfCommand(context);
    terminal.progress('reading the archive');
    const bounds = { folder, memoryLimit: MEMORY, signal: shell.signal };
    const asked = users?.split(',').slice(0, MOST_USERS) ?? (await sampledUsers(past, count, bounds));
    const [inFile, inForce] = [signalsOf(written, sha256Hex), signalsOf(past.definitions, sha256Hex)];
    const { previewed, notComputed } = await compared(past, asked, { inFile, inForce, ...bounds });
    terminal.progressEnd();
    if (notComputed.length > 0)
      terminal.say(`${counted(notComputed.length, 'user')} without values: more events are within reach than are read`);
    const note = identityNote(JSON.parse(past.definitions.json) as object, JSON.parse(written.json) as object);
    if (note !== null) terminal.say(note);
    const { generation, cutMs: asOf, lacks } = past;
    const said = { file, generation, asOf, users: asked, notComputed, definitions: previewed, lacks };
    await answer(context, said, () => {
      if (previewed.length === 0) return `${file} defines nothing of this kind, nor do the definitions in force`;
      const head = `${counted(asked.length, 'user')} as of the cut of generation ${past.generation}, ${instant(past.cutMs)}`;
      return `${tableOf(previewed, context)}\n${terminal.dim(head)}`;
    });
    return EXIT.ok;
  } finally {
    terminal.progressEnd();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Compared {
  readonly inFile: SignalSet;
  readonly inForce: SignalSet;
  readonly folder: string;
  readonly memoryLimit: string;
  readonly signal: AbortSignal;
}

async function compared(
  past: ArchivedPast,
  users: readonly string[],
  { inFile, inForce, ...rest }: Compared,
): Promise<{ readonly previewed: readonly Previewed[]; readonly notComputed: readonly string[] }> {
  const { pastValues } = await import('@tributary/archive/history/past-values');
  const renamed = (set: SignalSet, as: string): SignalDefinition[] =>
    [...set.values()].map((one) => ({ ...one, name: as + one.name }));
  const definitions = [...renamed(inFile, 'file '), ...renamed(inForce, 'force ')];
  async function* rows() {
    for (const user of users) yield { user, atMs: past.cutMs, label: null };
  }
  const byUser = new Map<string, ReadonlyMap<string, SignalValue> | null>();
  if (users.length > 0)
    for await (const { user, values } of pastValues({ past, definitions, rows: rows(), ...rest })) byUser.set(user, values);
  const previewed = [...new Set([...inFile.keys(), ...inForce.keys()])].map((name) => {
    const [a, b] = [inFile.get(name), inForce.get(name)];
    const change: Change = a === undefined ? 'removed' : b === undefined ? 'new' : a.version === b.version ? 'same' : 'changed';
    const values = users.map((user) => ({
      user,
      value: byUser.get(user)?.get(`file ${name}`) ?? null,
      valueInForce: byUser.get(user)?.get(`force ${name}`) ?? null,
    }));
    return { name, change, version: a?.version ?? null, inForce: b?.version ?? null, values };
  });
  return { previewed, notComputed: users.filter((user) => byUser.get(user) === null) };
}

function tableOf(previewed: readonly Previewed[], { terminal }: Context): string {
  const rows = previewed.map(({ name, change, values }) => {
    const differing = values.filter(({ value, valueInForce }) => exactJson(value) !== exactJson(valueInForce));
    const [example] = change === 'same' ? values.filter(({ value }) => value !== null) : differing;
    const cells =
      example === undefined ? ['', '', ''] : [example.user, exactJson(example.valueInForce), exactJson(example.value)];
    return [name, change, `${differing.length} of ${values.length}`, ...cells.map(shortName)];
  });
  const columns = ['name', 'definition', 'users that differ', 'such as', 'in force', 'in the file'].map((title, i) => ({
    title,
    wraps: i > 3,
  }));
  return renderWide({ columns, rows, keys: 4 }, terminal.width, terminal.bold);
}
