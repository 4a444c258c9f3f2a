import { basename } from 'node:path';
import { UnknownFormatError } from '../src/core/errors.ts';
import type { Format } from './format.ts';

/** A format that may fit, how sure that is (0 … 1), and why. */
export interface Candidate {
  readonly format: Format;
  readonly score: number;
  readonly reason: string;
}

/** What is known of an input: its name, and its first bytes (decompressed) or the entries of the folder. */
export interface InputTraits {
  readonly path: string;
  readonly head?: Uint8Array;
  readonly entries?: readonly string[];
}

/** Below this, content alone does not decide and a fitting file name is asked for. */
const CERTAIN = 0.5;
/** What a fitting file name is worth: more than a weak likeness of content, less than clear content. */
const BY_NAME = 0.3;

/** The format of this name or alias, if it is known. */
export function findFormat(formats: readonly Format[], name: string): Format | undefined {
  return formats.find((format) => format.name === name || format.aliases?.includes(name));
}

/** All formats that may fit, the likeliest first: content counts most, then the file name. */
export function rankFormats(formats: readonly Format[], input: InputTraits): Candidate[] {
  const name = basename(input.path).replace(/\.(gz|zst)$/i, '');
  const found: Candidate[] = [];
  for (const format of formats) {
    const content = input.entries
      ? (format.sniffFolder?.(input.entries) ?? 0)
      : input.head
        ? format.sniff(input.head)
        : 0;
    const named = format.fileNames.some((pattern) => pattern.test(name));
    if (content <= 0 && !(named && !input.entries)) continue;
    const reasons = [];
    if (content > 0) reasons.push(`content fits (${content.toFixed(2)})`);
    if (named) reasons.push(`named like it (${name})`);
    found.push({ format, score: content + (named ? BY_NAME : 0), reason: reasons.join(', ') });
  }
  return found.sort((a, b) => b.score - a.score);
}

/**
 * The one format that fits. Throws UnknownFormatError with the candidates when none does, when the best one is weak, or when
 * two fit equally well.
 */
export function detectFormat(formats: readonly Format[], input: InputTraits): Format {
  const ranked = rankFormats(formats, input);
  const [best, second] = ranked;
  const list = ranked.map((c) => `  ${c.format.name}: ${c.reason}`).join('\n');
  if (best === undefined || best.score < BY_NAME)
    throw new UnknownFormatError(
      `${input.path}: the format is not known from the content or the name; give it with --format NAME${list && `\n${list}`}`,
    );
  if (second !== undefined && best.score - second.score < 1e-9)
    throw new UnknownFormatError(`${input.path}: several formats fit; give one with --format NAME\n${list}`);
  if (best.score < CERTAIN && input.head?.length === 0)
    throw new UnknownFormatError(`${input.path}: the input is empty`);
  return best.format;
}
