import type { TensorInfo, Tf } from './engines.ts';

/** What a kernel of the wasm engine may do with its tensors; the package does not export the type. */
interface WasmMemory {
  makeOutput(shape: readonly number[], dtype: string): { dataId: object };
  typedArrayFromHeap(tensor: { dataId: object }): Float32Array | Int32Array;
}

/**
 * Registers the sum of rows by segment, which the wasm engine lacks: without it the gradient of `tf.gather` throws. Rows of segment
 * ids (n) outside 0 … numSegments − 1 are left out, as in the other engines.
 */
export function registerSegmentSum(tf: Tf, backendName: string): void {
  if (tf.getKernel('UnsortedSegmentSum', backendName)) return;
  tf.registerKernel({
    kernelName: 'UnsortedSegmentSum',
    backendName,
    kernelFunc: ({ inputs, backend, attrs }) => {
      const memory = backend as unknown as WasmMemory;
      const { x, segmentIds } = inputs as Record<'x' | 'segmentIds', TensorInfo>;
      const { numSegments } = attrs as unknown as { numSegments: number };
      const rest = x.shape.slice(segmentIds.shape.length);
      const shape = [numSegments, ...rest];
      const out = { ...memory.makeOutput(shape, x.dtype), shape, dtype: x.dtype };
      const sums = memory.typedArrayFromHeap(out).fill(0);
      const values = memory.typedArrayFromHeap(x);
      const ids = memory.typedArrayFromHeap(segmentIds);
      const width = rest.reduce((product, size) => product * size, 1);
      for (let i = 0; i < ids.length; i++) {
        if (!(ids[i] >= 0 && ids[i] < numSegments)) continue;
        for (let k = 0; k < width; k++) sums[ids[i] * width + k] += values[i * width + k];
      }
      return out;
    },
  });
}
