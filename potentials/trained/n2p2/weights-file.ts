import { FormatError } from '../../../src/core/errors.ts';
import type { Activation, LayerModel, NetworkModel } from '../../hdnnp-model.ts';
import { finite, rowsOf } from './text-file.ts';

/** Sizes of all layers, from the inputs to the single output, and the activation of each layer after the first. */
export interface Topology {
  readonly sizes: readonly number[];
  readonly activations: readonly Activation[];
  readonly normalizeNodes: boolean;
}

/**
 * `weights.ZZZ.data`: the first column holds one connection per line; layer by layer first the weights, input-major, then the
 * biases; further columns are labels. Throws FormatError when there are fewer or more values than the topology needs.
 */
export function parseWeights(text: string, path: string, topology: Topology): NetworkModel {
  const { sizes, activations, normalizeNodes } = topology;
  const rows = rowsOf(text);
  let line = 0;
  let taken = 0;
  const total = sizes.slice(1).reduce((sum, outputs, l) => sum + outputs * (sizes[l] + 1), 0);
  const next = (label: 'a' | 'b'): number => {
    const row = rows.next();
    if (row.done)
      throw new FormatError(
        'n2p2',
        { path, line: Math.max(1, line) },
        `expected ${total} weights and biases for the layers ${sizes.join('-')}, found ${taken}`,
      );
    line = row.value.line;
    const given = row.value.words[1];
    if ((given === 'a' || given === 'b') && given !== label)
      throw new FormatError(
        'n2p2',
        { path, line },
        `expected a ${label === 'a' ? 'weight (a)' : 'bias (b)'} here for the layers ${sizes.join('-')}, found "${given}"`,
      );
    taken++;
    return finite(row.value.words[0], 'a weight', { path, line });
  };
  const layers: LayerModel[] = activations.map((activation, l) => {
    const inputs = sizes[l];
    const outputs = sizes[l + 1];
    const weights = new Float64Array(inputs * outputs);
    for (let i = 0; i < inputs; i++) for (let o = 0; o < outputs; o++) weights[o * inputs + i] = next('a');
    const biases = new Float64Array(outputs);
    for (let o = 0; o < outputs; o++) biases[o] = next('b');
    return { inputs, outputs, activation, weights, biases };
  });
  const surplus = rows.next();
  if (!surplus.done)
    throw new FormatError(
      'n2p2',
      { path, line: surplus.value.line },
      `expected ${total} weights and biases for the layers ${sizes.join('-')}, found more`,
    );
  return { normalizeNodes, layers };
}

/** Text of `weights.ZZZ.data` with n2p2's labels: type, index, start layer and node, end layer and node. */
export function formatWeights(network: NetworkModel): string {
  const lines = ['# connection t index l_s n_s l_e n_e'];
  let index = 0;
  network.layers.forEach((layer, l) => {
    for (let i = 0; i < layer.inputs; i++)
      for (let o = 0; o < layer.outputs; o++)
        lines.push(`${layer.weights[o * layer.inputs + i]} a ${++index} ${l} ${i + 1} ${l + 1} ${o + 1}`);
    for (let o = 0; o < layer.outputs; o++) lines.push(`${layer.biases[o]} b ${++index} ${l + 1} ${o + 1}`);
  });
  return `${lines.join('\n')}\n`;
}
