import { readFile, stat } from 'node:fs/promises';
import type { DiagnosticSink } from '../../core/diagnostic.ts';
import { UsageError } from '../../core/errors.ts';
import { type Address, formatAddress } from './address.ts';

const MIN_LENGTH = 16;

/** The token in a file, without blanks around it. Throws UsageError when there is none or it can be guessed. */
export async function readToken(path: string, onDiagnostic: DiagnosticSink): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new UsageError(`--token-file: ${error.message}`);
  });
  const token = text.trim();
  if (token.length < MIN_LENGTH || /\s/.test(token)) {
    throw new UsageError(`--token-file: ${path} must hold one word of at least ${MIN_LENGTH} characters`);
  }
  if ((await stat(path)).mode & 0o077) {
    const message = `${path} can be read by other users; chmod 600 ${path}`;
    onDiagnostic({ severity: 'warning', code: 'open-token', message });
  }
  return token;
}

/** A port that other machines reach needs a token. Throws UsageError that says how to make one. */
export function requireToken(address: Address, token: string | undefined): void {
  if (token !== undefined || address.kind === 'unix' || /^(127\.|localhost$|::1$)/.test(address.host)) return;
  throw new UsageError(
    `${formatAddress(address)} can be reached from other machines: give --token-file FILE ` +
      '(made for example by: openssl rand -hex 32 > FILE; chmod 600 FILE), or listen on tcp:127.0.0.1:PORT',
  );
}
