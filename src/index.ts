export { type OpenedFrames, type OpenOptions, openFrames } from './convert/open.ts';
export { faceHeights, inverse, signedVolume, toCartesian, toFractional, volume } from './core/cell.ts';
export type { Diagnostic, DiagnosticSink } from './core/diagnostic.ts';
export { atomicNumber, elementOfMass, massOf, symbolOf } from './core/elements.ts';
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
export { fromVoigt, stressToVirial, toVoigt, virialToStress } from './core/tensor.ts';
export { evaluateFrame, evaluateStructure } from './evaluate/evaluate-structure.ts';
export { writeBytes } from './scan/byte-sink.ts';
export { readBytes } from './scan/byte-source.ts';
export { type FollowFileOptions, followFile } from './watch/follow-file.ts';
export { type WatchOptions, watchDirectory } from './watch/watch-directory.ts';
export type { Cursor, WatchedFrame } from './watch/watched-frame.ts';
