/**
 * The DuckDB client (1.5.6) decodes text with a decoder that swallows a leading U+FEFF: a user or a channel whose name starts with
 * one would read as another one than the speed layer's (law 5). Its decoder is replaced by one that keeps every character.
 */
import accessors from '@duckdb/node-api/lib/vectors/dataAccessors.js';

const replaceable: { textDecoder: unknown } = accessors;
replaceable.textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
