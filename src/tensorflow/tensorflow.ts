import { ProgramError } from '../core/errors.ts';
import { LOADERS, type Tensor, type Tf } from './engines.ts';
import { repairMatMulGradient, repairSecondDerivatives } from './gradients.ts';
import { RUNGS, type Rung } from './rungs.ts';
import { registerSegmentSum } from './segment-sum.ts';

export type { Rung, Tensor, Tf };

export interface Tensorflow {
  readonly tf: Tf;
  readonly rung: Rung;
  readonly version: string;
  /** Why the rungs above were not used. */
  readonly refused: readonly { readonly rung: Rung; readonly reason: string }[];
}

/** ms after which a rung that does not answer is given up. */
const PATIENCE = 60_000;

/**
 * TensorFlow.js on the best rung that works here, or on the one that is `wanted`, with its gradients repaired (gradients.ts). Throws
 * ProgramError with the reason of every rung when none works. One rung is active in a process: the one loaded last.
 */
export async function loadTensorflow(wanted?: Rung): Promise<Tensorflow> {
  const refused: { rung: Rung; reason: string }[] = [];
  for (const rung of wanted === undefined ? RUNGS : [wanted]) {
    try {
      const tf = await within(PATIENCE, LOADERS[rung]());
      repairSecondDerivatives(tf);
      if (rung === 'tfjs-wasm') {
        repairMatMulGradient(tf);
        registerSegmentSum(tf, 'wasm');
      }
      return { tf, rung, version: tf.version_core, refused };
    } catch (error) {
      // A package whose install script was blocked or whose binary is broken throws anything, not only MODULE_NOT_FOUND.
      refused.push({ rung, reason: reasonOf(rung, error) });
    }
  }
  throw new ProgramError(
    `no engine of TensorFlow.js works here: ${refusalText(refused)}; npm install @tensorflow/tfjs @tensorflow/tfjs-backend-wasm`,
  );
}

/** For the reader of a run: `tfjs-wasm (TensorFlow.js 4.22.0); not tfjs-node-gpu: not installed; …`. */
export function rungText({ rung, version, refused }: Pick<Tensorflow, 'rung' | 'version' | 'refused'>): string {
  return `${rung} (TensorFlow.js ${version})${refused.length > 0 ? `; not ${refusalText(refused)}` : ''}`;
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function reasonOf(rung: Rung, error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') {
    const missing = /'([^']+)'/.exec(message ?? '')?.[1];
    return missing === undefined || missing.endsWith(`/${rung}`) ? 'not installed' : `${missing} is not installed`;
  }
  return (message ?? String(error)).split('\n')[0];
}

function refusalText(refused: Tensorflow['refused']): string {
  return refused.map(({ rung, reason }) => `${rung}: ${reason}`).join('; ');
}
