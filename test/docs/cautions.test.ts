/** Each caution beside an interval is explained where the analyst looks for it. */
import { readFileSync } from 'node:fs';
import { CAUTIONS } from '@tributary/attribution/uncertainty/caution-codes';
import { expect, test } from 'vitest';

const page = readFileSync(new URL('../../docs/uncertainty.md', import.meta.url), 'utf8');

test('docs/uncertainty.md#cautions has every code, what it says and what to do, and no other code', () => {
  const section = /^## Cautions$(.*?)^## /ms.exec(page)?.[1] ?? '';
  const rows = [...section.matchAll(/^\| `(\w+)` \| (.+?) \| (.+?) \|$/gm)];
  expect(rows.map(([, code]) => code).sort()).toEqual(Object.keys(CAUTIONS).sort());
  for (const [, code, says, act] of rows)
    expect([code, says, act]).toEqual([code, expect.stringMatching(/\.$/), expect.stringMatching(/\.$/)]);
});
