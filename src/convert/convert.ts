import { rankFormats } from '../../formats/detect.ts';
import type { Format, ReadOptions, WriteOptions } from '../../formats/format.ts';
import { FORMATS } from '../../formats/index.ts';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import { LossError, MissingDataError, UnknownFormatError, UsageError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { writeBytes } from '../scan/byte-sink.ts';
import { DiagnosticLog } from './diagnostic-log.ts';
import { lossesOf } from './losses.ts';
import { formatByName, openFrames } from './open.ts';
import { reorderSpecies } from './reorder.ts';
import { ConversionReport } from './report.ts';
import { type Criteria, Selection } from './selection.ts';
import { type Slice, slice } from './slice.ts';

export interface ConvertRequest {
  readonly inputs: readonly string[];
  readonly output: string;
  readonly inputFormat?: string;
  readonly outputFormat?: string;
  /** Of the frames of each input. */
  readonly slice?: Slice;
  readonly criteria: Criteria;
  /** Atomic numbers: atoms are grouped in this order. */
  readonly speciesOrder?: readonly number[];
  /** Any loss is a LossError and leaves no output; a cut-off input is an error. */
  readonly strict: boolean;
  /** That read each input; 1 without. */
  readonly threads?: number;
  readonly read: Omit<ReadOptions, 'path' | 'onDiagnostic' | 'strict'>;
  readonly write: Omit<WriteOptions, 'onDiagnostic'>;
  readonly onDiagnostic: DiagnosticSink;
  /** Bytes of the inputs as they are read. */
  readonly onRead?: (bytes: number) => void;
}

/**
 * Reads all inputs, selects frames and writes them to one output, one frame in memory at a time; the output appears whole or
 * not at all. Throws the errors of readers and writers, UnknownFormatError, LossError, and MissingDataError when no frame is
 * left. `onReport` gets the report also when the conversion fails.
 */
export async function convert(request: ConvertRequest, onReport: (report: ConversionReport) => void): Promise<void> {
  const format = outputFormat(request);
  const report = new ConversionReport(request.output, format);
  const log = new DiagnosticLog(request.onDiagnostic);
  const frames = checked(request, format, report, log);
  const options: WriteOptions = {
    ...request.write,
    onDiagnostic: (diagnostic) => {
      log.add(diagnostic);
      if (request.strict && diagnostic.severity === 'warning') throw new LossError(`--strict: ${diagnostic.message}`);
    },
  };
  try {
    if (format.write) await writeBytes(request.output, format.write(frames, options));
    else if (format.writePath) await format.writePath(frames, request.output, options);
  } catch (error) {
    report.failure = error instanceof Error ? error.message : String(error);
    throw error;
  } finally {
    await frames.return();
    log.close();
    report.diagnostics = log.list();
    onReport(report);
  }
}

/** The named output format, or the only writable one that the name of the output fits. Throws UnknownFormatError. */
function outputFormat({ output, outputFormat: name }: ConvertRequest): Format {
  const format = name === undefined ? formatOfName(output) : formatByName(name);
  if (!format.write && !format.writePath)
    throw new UnknownFormatError(`format ${format.name} can be read, not written (${output})`);
  return format;
}

function formatOfName(output: string): Format {
  const fitting = rankFormats(
    FORMATS.filter((format) => format.write ?? format.writePath),
    { path: output },
  );
  if (fitting.length === 1) return fitting[0].format;
  // The ending of a name says more than its beginning: data.extxyz is extxyz, data.si a LAMMPS data file.
  const name = output.replace(/\.gz$/i, '');
  const byEnding = fitting.filter((c) => c.format.fileNames.some((p) => p.source.endsWith('$') && p.test(name)));
  if (byEnding.length === 1) return byEnding[0].format;
  const found = fitting.length === 0 ? 'no format fits' : `${fitting.map((c) => c.format.name).join(', ')} all fit`;
  throw new UnknownFormatError(`${output}: ${found} the name of the output; give one with -f NAME`);
}

/** The frames that are written, with their losses noted. */
async function* checked(
  request: ConvertRequest,
  format: Format,
  report: ConversionReport,
  log: DiagnosticLog,
): AsyncGenerator<Frame, void> {
  for await (const frame of selected(request, report, log)) {
    if (format.carries.frames === 'one' && report.summary.frames > 0)
      throw new UsageError(`${format.name} holds one frame, and there are more; choose one with -n, e.g. -n -1`);
    report.summary.add(frame);
    for (const loss of lossesOf(frame, format.carries)) {
      report.addLoss(loss);
      if (request.strict) throw new LossError(`--strict: ${format.name} cannot hold ${loss}`);
    }
    yield frame;
  }
  if (report.summary.frames === 0) throw new MissingDataError('no frame is left to write', 'nothing was written');
}

async function* selected(
  request: ConvertRequest,
  report: ConversionReport,
  log: DiagnosticLog,
): AsyncGenerator<Frame, void> {
  const selection = new Selection(request.criteria);
  for (const path of request.inputs) {
    const options: ReadOptions = { ...request.read, path, onDiagnostic: log.add, strict: request.strict };
    const open = { ...options, ...(request.threads !== undefined && { threads: request.threads }) };
    const { format, frames } = await openFrames(request.inputFormat, open, request.onRead);
    const input = report.addInput(path, format);
    const counted = countFrames(frames, input);
    for await (const frame of request.slice ? slice(counted, request.slice) : counted) {
      const reason = selection.reasonToDrop(frame);
      report.conflicting = selection.conflicting;
      if (reason) {
        report.addDrop(reason);
        continue;
      }
      input.kept++;
      if (!request.speciesOrder) {
        yield frame;
        continue;
      }
      const reordered = reorderSpecies(frame, request.speciesOrder);
      if (reordered !== frame) report.reordered++;
      yield reordered;
    }
  }
}

async function* countFrames(frames: AsyncGenerator<Frame, void>, input: { found: number }) {
  for await (const frame of frames) {
    input.found++;
    yield frame;
  }
}
