import type { InfoValue } from '../../src/core/frame.ts';
import { parseComment } from './comment.ts';

export interface ValueStyle {
  /** Whole numbers are written `1.0`, not `1`. */
  readonly real: boolean;
  /** Arrays are written `[1, 2]`, not `"1 2"`. */
  readonly bracketed: boolean;
}

const BARE = /^[^\s=",{}[\]\\']+$/;

/** A value of a comment line as text that reads back as the same value; undefined when there is none (NaN, infinity). */
export function valueText(value: InfoValue, style: ValueStyle): string | undefined {
  const text = plainText(value, style);
  if (text === undefined || sameValue(value, parseComment(`k=${text}`)[0]?.value)) return text;
  const json = jsonText(value);
  return json === undefined ? undefined : quoted(`_JSON ${json}`);
}

/** `key` or `"key with space"`. */
export function keyText(key: string): string {
  return BARE.test(key) ? key : quoted(key);
}

/** Shortest text of a real that reads back exactly and as a real: `1.0`, not `1`. */
export function realText(x: number): string {
  if (Object.is(x, -0)) return '-0.0';
  const text = String(x);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function plainText(value: InfoValue, style: ValueStyle): string | undefined {
  if (typeof value === 'string') return BARE.test(value) ? value : quoted(value);
  if (typeof value === 'object' && !Array.isArray(value)) {
    const json = jsonText(value);
    return json === undefined ? undefined : quoted(`_JSON ${json}`);
  }
  if (!Array.isArray(value)) return scalarText(value, style.real);
  const items = value as readonly InfoValue[];
  const flat = items.every((item) => typeof item === 'number' || typeof item === 'bigint' || typeof item === 'boolean');
  if (flat && items.length > 1 && !style.bracketed) {
    const words = items.map((item) => scalarText(item as number, style.real));
    return words.includes(undefined) ? undefined : `"${words.join(' ')}"`;
  }
  return bracketText(items, style.real);
}

function bracketText(items: readonly InfoValue[], real: boolean): string | undefined {
  const words = items.map((item) => {
    if (typeof item === 'string') return BARE.test(item) ? item : quoted(item);
    return Array.isArray(item) ? bracketText(item as readonly InfoValue[], real) : scalarText(item as number, real);
  });
  return words.includes(undefined) ? undefined : `[${words.join(', ')}]`;
}

function scalarText(value: string | number | bigint | boolean, real: boolean): string | undefined {
  if (typeof value === 'boolean') return value ? 'T' : 'F';
  if (typeof value !== 'number') return String(value);
  if (!Number.isFinite(value)) return undefined;
  return real || Object.is(value, -0) || Math.abs(value) > Number.MAX_SAFE_INTEGER ? realText(value) : String(value);
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

/** JSON with `-0` kept; integers beyond 2^53 as text; undefined for NaN and infinity, which JSON does not have. */
function jsonText(value: InfoValue): string | undefined {
  if (typeof value === 'number')
    return Number.isFinite(value) ? (Object.is(value, -0) ? '-0' : String(value)) : undefined;
  if (typeof value === 'bigint') return `"${value}"`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const isArray = Array.isArray(value);
  const items = Object.entries(value).map(([key, item]) => {
    const text = jsonText(item as InfoValue);
    return text === undefined || isArray ? text : `${JSON.stringify(key)}: ${text}`;
  });
  if (items.includes(undefined)) return undefined;
  return isArray ? `[${items.join(', ')}]` : `{${items.join(', ')}}`;
}

function sameValue(a: InfoValue | undefined, b: InfoValue | undefined): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return Object.is(a, b) || (a === b && typeof a === 'number');
  const [x, y] = [Object.entries(a), Object.entries(b)];
  return (
    Array.isArray(a) === Array.isArray(b) &&
    x.length === y.length &&
    x.every(([k, v]) => sameValue(v as InfoValue, (b as Record<string, InfoValue>)[k]))
  );
}
