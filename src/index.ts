export type { Diagnostic, DiagnosticSink } from './core/diagnostic.ts';
export {
  EXIT,
  FormatError,
  MissingDataError,
  PotentialError,
  ProgramError,
  ProjectError,
  ProtocolError,
  type SourceLocation,
  TruncatedError,
  UnknownFormatError,
  UsageError,
} from './core/errors.ts';
export type { Frame, InfoValue, Labels, PerAtom } from './core/frame.ts';
