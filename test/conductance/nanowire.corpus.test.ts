import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Soap } from '../../potentials/descriptors/soap.ts';
import { buildNeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { baselineFiles } from '../../src/conductance/features/baseline-files.ts';
import { minimumCrossSection } from '../../src/conductance/features/cross-section.ts';
import { WireFinder } from '../../src/conductance/geometry/find-wire.ts';
import { LeadReference } from '../../src/conductance/label/lead-reference.ts';
import { Labeller } from '../../src/conductance/label/models.ts';
import { Jellium } from '../../src/conductance/negf/jellium.ts';
import { jelliumParameters } from '../../src/conductance/negf/jellium-parameters.ts';
import { TightBinding } from '../../src/conductance/negf/tight-binding.ts';
import { tightBindingParameters } from '../../src/conductance/negf/tight-binding-parameters.ts';
import { analyse } from '../../src/conductance/traces/analysis.ts';
import { histogram } from '../../src/conductance/traces/histogram.ts';
import { readTraces } from '../../src/conductance/traces/read-traces.ts';
import { lastDownwardCrossing } from '../../src/conductance/traces/trace.ts';
import { SHOWN_UNITS } from '../../src/conductance/traces/units.ts';
import { openFrames } from '../../src/convert/open.ts';
import type { Frame } from '../../src/core/frame.ts';
import { describeLane, SHARED } from '../lanes.ts';
import { POTASSIUM } from './wires.ts';

const FOLDER = join(SHARED, 'datasets/nanowire');
const READ = { strict: true, onDiagnostic: () => {} };

async function framesOf(file: string, wanted: (index: number) => boolean): Promise<Frame[]> {
  const { frames } = await openFrames(undefined, { ...READ, path: join(FOLDER, file) });
  const out: Frame[] = [];
  let index = 0;
  for await (const frame of frames) if (wanted(index++)) out.push(frame);
  return out;
}

const finder = () => new WireFinder({ grips: { kind: 'type', bottom: 2, top: 3 }, axis: 'z', z: 19 });

interface Snapshot {
  readonly file: string;
  readonly index: number;
  readonly T_tb: number;
  readonly channels_tb: readonly number[];
  readonly T_jellium: number;
  readonly channels_jellium: readonly number[];
  readonly lambda_min_1p5_2p5_3p5: readonly number[];
  readonly soap_rc12_sigma1p2_atom_n_bottom: Record<'sum' | 'norm' | 'p_000' | 'p_l4_n2_n7', number>;
}

describeLane('corpus', 'nanowire data set', () => {
  const expected = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8'));

  test('snapshots have the tabulated conductances, channels, cross-sections and SOAP', async () => {
    const jellium = new Jellium(jelliumParameters(POTASSIUM));
    const tb = new TightBinding(tightBindingParameters(POTASSIUM));
    const soap = new Soap({ species: [19], cutoff: 12, sigma: 1.2, nmax: 17, lmax: 9 });
    const features = new Float64Array(1530);
    for (const snapshot of expected.snapshots as readonly Snapshot[]) {
      const [frame] = await framesOf(snapshot.file, (k) => k === snapshot.index);
      const wire = finder().find(frame, 'a');
      const smooth = jellium.transmission(wire, jellium.leads(wire));
      expect(Math.abs(smooth.total - snapshot.T_jellium)).toBeLessThan(1e-5);
      const rough = tb.transmission(wire, tb.leads(wire));
      expect(Math.abs(rough.total - snapshot.T_tb)).toBeLessThan(2e-4);
      snapshot.channels_jellium.forEach((t, n) => {
        expect(smooth.channels[n] ?? 0).toBeCloseTo(t, 4);
      });
      snapshot.channels_tb.forEach((t, n) => {
        expect(Math.abs((rough.channels[n] ?? 0) - t)).toBeLessThan(2e-4);
      });
      snapshot.lambda_min_1p5_2p5_3p5.forEach((x, k) => {
        expect(minimumCrossSection(frame.positions, 1.5 + k)).toBeCloseTo(x, 6);
      });
      soap.compute(buildNeighborList(frame, 12), [wire.bottom], features);
      const { sum, norm, p_000, p_l4_n2_n7 } = snapshot.soap_rc12_sigma1p2_atom_n_bottom;
      const most = features.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
      expect(Math.abs(features.reduce((a, v) => a + v, 0) / sum - 1)).toBeLessThan(1e-5);
      expect(Math.abs(Math.hypot(...features) / norm - 1)).toBeLessThan(1e-5);
      expect(Math.abs(features[0] - p_000)).toBeLessThan(1e-5 * most);
      expect(Math.abs(features[153 * 4 + 17 * 2 - 1 + 5] - p_l4_n2_n7)).toBeLessThan(1e-5 * most);
    }
  });

  test.each(['test_trajectory.extxyz.gz', 'long.extxyz.gz', 'train.extxyz.gz'])(
    'labels of %s are made again, with leads of the first frame of each pull',
    async (file) => {
      const labeller = new Labeller({ metal: POTASSIUM, models: ['jellium', 'tb-s'] });
      const reference = new LeadReference();
      const find = finder();
      for (const [k, frame] of (await framesOf(file, () => true)).entries()) {
        const job = reference.job(find.find(frame, String(frame.info['trajectory'])));
        if (k % 40 !== 17) continue;
        const { jellium, 'tb-s': tb } = labeller.label(job);
        expect(Math.abs((jellium?.total ?? Number.NaN) - (frame.info['conductance_jellium'] as number))).toBeLessThan(
          1e-5,
        );
        expect(Math.abs((tb?.total ?? Number.NaN) - (frame.info['conductance_tb'] as number))).toBeLessThan(2e-4);
      }
    },
  );

  test('the cross-section baseline has its published coefficients and scores', async () => {
    const tests = ['test_trajectory.extxyz.gz', 'long.extxyz.gz'].map((name) => join(FOLDER, name));
    const { baseline, scores } = await baselineFiles({
      training: [join(FOLDER, 'train.extxyz.gz')],
      validation: [],
      tests,
      key: 'conductance_jellium',
      read: READ,
    });
    const published = [...expected.baseline_cubic_train.coefficients_high_to_low].reverse() as number[];
    baseline.coefficients.forEach((c, k) => {
      expect(c).toBeCloseTo(published[k], 4);
    });
    const rounded = scores.slice(1).map(([, s]) => [s.frames, Number(s.r2.toFixed(3)), Number(s.mae.toFixed(3))]);
    expect(rounded).toEqual([
      [791, 0.959, 0.349],
      [293, 0.943, 0.365],
    ]);
  });

  test('histograms, crossings and plateaus of the traces are the published ones', async () => {
    const { histogram: published } = expected;
    const all = await readTraces({ inputs: [join(FOLDER, 'traces.csv.gz')], key: 'G_jellium', read: READ });
    const short = all.filter(({ name }) => name.startsWith('s'));
    const halves = { low: 0, high: 12, count: 24 };
    const linear = histogram(short, halves, (t) => t.conductance);
    expect([...linear.counts]).toEqual(published['linear_bins_0.5_from_0']);
    expect([linear.overflow, linear.traces]).toEqual([published.linear_overflow, published.traces]);
    const log = histogram(short, { low: -6, high: 1.5, count: 15 }, (t) => t.conductance.map(Math.log10));
    expect([...log.counts]).toEqual(published['log10_bins_0.5_from_-6_to_1.5']);
    expect(log.underflow).toBe(published.log10_underflow);
    const tb = await readTraces({ inputs: [join(FOLDER, 'traces.csv.gz')], key: 'G_tb', only: /^s/, read: READ });
    expect([...histogram(tb, halves, (t) => t.conductance).counts]).toEqual(published['linear_bins_0.5_from_0_G_tb']);
    for (const [name, cells] of Object.entries<Record<string, number | null>>(published.crossings_A)) {
      const trace = all.find((t) => t.name === name);
      const found = [0.5012, 1.5].map((level) => trace && lastDownwardCrossing(trace, level));
      [cells['zero_0p5012'], cells['cross_1p5']].forEach((x, k) => {
        if (x === null) expect(found[k]).toBeUndefined();
        else expect(found[k]).toBeCloseTo(x, 3);
      });
    }
    const settings = {
      unit: SHOWN_UNITS.G0,
      linear: SHOWN_UNITS.G0.linear,
      zero: 0.5012,
      plateau: { high: 1.5, low: 0.5012 },
      skip: 0,
      seriesResistance: 0,
      seed: 1,
    };
    const lengths = analyse(all, settings)
      .plateaus.map((p) => p.length)
      .sort((a, b) => a - b);
    const { n, mean, median } = published['last_plateau_1.5_to_0.5012'];
    expect(lengths.length).toBe(n);
    expect(lengths.reduce((a, b) => a + b, 0) / n).toBeCloseTo(mean, 4);
    expect(lengths[(n - 1) / 2]).toBeCloseTo(median, 3);
  });
});
