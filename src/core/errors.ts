/** Where in which input something was found. `line` counts from 1, `frame` and `byte` from 0. */
export interface SourceLocation {
  readonly path: string;
  readonly line?: number;
  readonly frame?: number;
  readonly byte?: number;
}

/** Exit status of the command for each kind of failure. */
export const EXIT = { ok: 0, usage: 2, input: 3, peer: 4, program: 5, bug: 70, interrupted: 130 } as const;

/** Every failure that is not a bug of ours; `exitCode` is what the command ends with. */
export abstract class ProjectError extends Error {
  abstract readonly code: string;
  abstract readonly exitCode: number;
}

/** Text `path:line` or `path: byte N`, as editors and the corpus check understand it. */
export function formatLocation(at: SourceLocation): string {
  const place =
    at.line !== undefined ? `${at.path}:${at.line}` : at.byte !== undefined ? `${at.path}: byte ${at.byte}` : at.path;
  return at.frame === undefined ? place : `${place}: (frame ${at.frame})`;
}

/** The content of a file is not what its format demands: `path:line: (frame k) expected …, found … [format]`. */
export class FormatError extends ProjectError {
  readonly code: string = 'FORMAT';
  readonly exitCode: number = 1;
  readonly format: string;
  readonly at: SourceLocation;
  /** The message without place and format. */
  readonly found: string;
  constructor(format: string, at: SourceLocation, message: string) {
    super(`${formatLocation(at)}${at.frame === undefined ? ':' : ''} ${message} [${format}]`);
    this.name = 'FormatError';
    this.format = format;
    this.at = at;
    this.found = message;
  }
}

/** The input ends in the middle of a frame; complete frames before it have been delivered. */
export class TruncatedError extends FormatError {
  override readonly code = 'TRUNCATED';
}

/** No format, or several, fit a file; the message lists the candidates with reasons. */
export class UnknownFormatError extends ProjectError {
  readonly code = 'UNKNOWN_FORMAT';
  readonly exitCode = EXIT.input;
  override readonly name = 'UnknownFormatError';
}

/** The file is fine but does not hold what the job needs (species, units, forces …); `hint` says how to give it. */
export class MissingDataError extends ProjectError {
  readonly code = 'MISSING_DATA';
  readonly exitCode = 1;
  override readonly name = 'MissingDataError';
  constructor(what: string, hint: string) {
    super(`${what}; ${hint}`);
  }
}

/** A conversion with `--strict` would lose something; the message says what. */
export class LossError extends ProjectError {
  readonly code = 'LOSS';
  readonly exitCode = EXIT.input;
  override readonly name = 'LossError';
}

/** A trained potential cannot be read, or cannot be evaluated on what it was given. */
export class PotentialError extends ProjectError {
  readonly code = 'POTENTIAL';
  readonly exitCode = 1;
  override readonly name = 'PotentialError';
}

/** A peer on a socket broke the protocol, closed it, or stayed mute beyond a deadline. */
export class ProtocolError extends ProjectError {
  readonly code = 'PROTOCOL';
  readonly exitCode = EXIT.peer;
  override readonly name = 'ProtocolError';
}

/** An outside program (compiler, LAMMPS, DFT code) is missing or failed. */
export class ProgramError extends ProjectError {
  readonly code = 'PROGRAM';
  readonly exitCode = EXIT.program;
  override readonly name = 'ProgramError';
}

/** A frame got no label, or none that can be used; `tail` is the end of what the labelling program said. */
export class LabelError extends ProjectError {
  readonly code = 'LABEL';
  readonly exitCode = EXIT.program;
  override readonly name = 'LabelError';
  readonly tail: string;
  constructor(message: string, tail = '', options?: ErrorOptions) {
    super(message, options);
    this.tail = tail;
  }
}

/** A folder that keeps results cannot be opened, read or written: locked, damaged, disk full. What was acknowledged before stays. */
export class StoreError extends ProjectError {
  readonly code = 'STORE';
  readonly exitCode = EXIT.input;
  override readonly name = 'StoreError';
}

/** The words of a command line do not make sense together. */
export class UsageError extends ProjectError {
  readonly code = 'USAGE';
  readonly exitCode = EXIT.usage;
  override readonly name = 'UsageError';
}
