/** Holds the OpenAPI document on stdin against Redocly's recommended rules, and prints what breaks one, a line each. A process of its own: it is slow to load. */
import { text } from 'node:stream/consumers';
import { createConfig, lintFromString } from '@redocly/openapi-core';

const config = await createConfig({ extends: ['recommended'] });
const found = await lintFromString({ source: await text(process.stdin), config });
for (const { severity, ruleId, message, location } of found)
  console.log(`${severity} ${ruleId}: ${message} (${location[0]?.pointer ?? ''})`);
