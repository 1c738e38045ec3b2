/** Every setting of every role, with what an operator may type: taken as it was meant, or refused by a sentence. */

import { environmentName, examine, helpText } from '@tributary/runtime/config/read-config';
import { boundsOf, type Setting } from '@tributary/runtime/config/setting';
import { REFUSED } from '@tributary/runtime/error-kinds';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { examineConfiguration } from '../src/check/configuration.ts';
import { ROLE_SETTINGS } from '../src/role-settings.ts';
import { runRole } from '../src/run-role.ts';
import { FREE, NOT_BOOLEAN, NOT_WHOLE, ODD_TEXTS, SECRET, SENTENCE, WRONG_KINDS } from './wrong-texts.ts';

const VISIBLE = /^[^\p{C}\p{Zl}\p{Zp}]+$/u;
const NOTHING = ['', ' ', '\t', '\n'];
const settings = Object.entries(ROLE_SETTINGS).flatMap(([role, table]) =>
  Object.entries(table).map(([key, setting]) => ({ role, key, setting: setting as Setting, name: environmentName(key) })),
);
const roleTable = (role: string) => ROLE_SETTINGS[role as keyof typeof ROLE_SETTINGS];
const read = (role: string, name: string, text: string) => examine(role, roleTable(role), { [name]: text }, []);

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** A role with that setting, as its `main.ts` runs it: what it wrote, its exit status, and whether it started. */
async function run(role: string, name: string, text: string) {
  const [written, started]: [string[], unknown[]] = [[], []];
  vi.stubEnv(name, text);
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => written.push(String(line)) > 0);
  const ended = vi.spyOn(process, 'exit').mockImplementation((status) => {
    throw new Error(`exit ${status}`);
  });
  const args = process.argv.splice(2);
  try {
    const service = runRole(role as keyof typeof ROLE_SETTINGS, async () => {
      started.push(role);
      throw new Error('started');
    });
    const why = await service.then(
      () => 'it ran',
      (error: Error) => error.message,
    );
    return { written: written.join(''), why, isStarted: started.length > 0 };
  } finally {
    process.argv.push(...args);
    ended.mockRestore();
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  }
}

/** What is refused has one sentence, which names the setting first and shows the value; a secret is in none. */
async function expectRefusal(role: string, name: string, text: string): Promise<void> {
  const { troubles } = read(role, name, text);
  expect([text, troubles]).toEqual([text, [expect.stringMatching(SENTENCE)]]);
  expect(troubles[0]).toMatch(VISIBLE);
  expect(troubles[0]?.startsWith(`${name} must `)).toBe(true);
  expect(troubles[0]).not.toContain(SECRET);
  expect(troubles[0]?.length).toBeLessThan(600);
  expect(await run(role, name, text)).toEqual({ written: `${troubles[0]}\n`, why: `exit ${REFUSED}`, isStarted: false });
  // As `npm start` and `tributary doctor --config` look: every role's, before any server is asked.
  const checked = await examineConfiguration({ env: { [name]: text }, redis: true, waitMs: 0 });
  expect(checked.troubles).toEqual(troubles);
}

/** Right by itself; another setting may have to go with it, which a sentence then names. */
function expectTaken(role: string, { key, name }: { key: string; name: string }, text: string, value: unknown): void {
  const { values, troubles } = read(role, name, text);
  for (const trouble of troubles) {
    expect(trouble).toMatch(SENTENCE);
    expect(new Set(trouble.match(/TRIBUTARY_[A-Z_]+/g)).size).toBeGreaterThan(1);
  }
  expect([name, text, values[key]]).toEqual([name, text, value]);
}

describe.each(settings)('$role: $name', ({ role, key, setting, name }) => {
  test('nothing but blanks is not given', () => {
    for (const text of NOTHING) expect([text, read(role, name, text)]).toEqual([text, examine(role, roleTable(role), {}, [])]);
  });

  test('what it may be is taken, anything else is refused by a sentence, with exit status 2, and nothing starts', async () => {
    if (setting.type === 'int') {
      const { min, max } = boundsOf(setting);
      for (const number of [-1, 0, min - 1, min, min + 1, max - 1, max, max + 1, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
        const isZero = number === 0 && setting.orZero === true;
        if (isZero || (number >= min && number <= max)) expectTaken(role, { key, name }, String(number), number);
        else await expectRefusal(role, name, String(number));
      }
      for (const text of NOT_WHOLE) await expectRefusal(role, name, text);
      expect(max).toBeLessThanOrEqual(setting.unit === 'ms' ? 2 ** 31 - 1 : 2 ** 40);
    } else if (setting.type === 'bool') {
      for (const text of ['true', '1', 'false', '0']) expectTaken(role, { key, name }, text, text === 'true' || text === '1');
      for (const text of NOT_BOOLEAN) await expectRefusal(role, name, text);
    } else {
      for (const text of setting.oneOf ?? []) expectTaken(role, { key, name }, text, text);
      expect([key, FREE.has(key) || WRONG_KINDS[key] !== undefined]).toEqual([key, true]);
      for (const text of WRONG_KINDS[key] ?? []) await expectRefusal(role, name, text);
      for (const text of ODD_TEXTS) if (read(role, name, text).troubles.length > 0) await expectRefusal(role, name, text);
    }
  });

  test('its default is one that it takes, and --help has it', () => {
    const text = String(setting.default);
    if (text !== '') expectTaken(role, { key, name }, text, setting.default);
    expect(helpText(role, roleTable(role))).toContain(name);
  });
});
