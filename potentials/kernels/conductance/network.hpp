// The network on the features of the atoms: per-atom layers by blocks of atoms, pooling, head.
#pragma once
#include "soap.hpp"

namespace {

constexpr int MOST_LAYERS = 16, MOST_WIDTH = 1 << 16;
constexpr int PANEL = 2 * WF; // columns of a product that are made together
constexpr int TILE = W == 8 ? 12 : W == 4 ? 6 : 4; // rows of it
constexpr int BLOCK = 48;     // atoms that go through the layers together: a multiple of TILE
constexpr float LEAK = 0.01f; // slope of the activation below zero
/// A slice whose atoms weigh less is no slice.
constexpr double LEAST_WEIGHT = 1e-30;

struct Layer {
  int inputs, outputs, width; // width: outputs rounded up to whole panels
  bool leaky;
  const float *panels; // (width/PANEL, inputs, PANEL)
  const float *bias;   // (width)
};

struct HeadLayer {
  int inputs, outputs;
  bool leaky;
  const double *weights, *bias;
};

enum Pooling { MAXIMUM = 0, MEAN = 1, SLICES = 2 };

struct NetworkModel {
  SoapModel soap;
  int atomLayers, sliceLayers, headLayers; // no atom layers: features only
  Pooling pooling;
  double margin, step, width, epsilon; // of slices, A
  Layer atom[MOST_LAYERS], slice[MOST_LAYERS];
  HeadLayer head[MOST_LAYERS];
  int mostWidth; // of atom and slice layers
};

int readLayer(Reader &in, int inputs, int &outputs, bool &leaky) {
  const int found = in.integer(1, MOST_WIDTH * 64);
  outputs = in.integer(1, MOST_WIDTH);
  leaky = in.integer(0, 1) == 1;
  if (inputs > 0 && found != inputs) in.bad = true;
  return found;
}

void readPanels(Reader &in, Arena &arena, int inputs, Layer &layer) {
  layer.inputs = readLayer(in, inputs, layer.outputs, layer.leaky);
  layer.width = roundUp(layer.outputs, PANEL);
  const double *weights = in.run((size_t)layer.inputs * layer.outputs), *bias = in.run(layer.outputs);
  float *panels = arena.take<float>(in.bad ? 0 : (size_t)layer.inputs * layer.width);
  float *b = arena.take<float>(in.bad ? 0 : layer.width);
  layer.panels = panels;
  layer.bias = b;
  if (!panels || in.bad) return;
  for (int c = 0; c < layer.width; c++) {
    float *to = panels + (size_t)(c / PANEL) * layer.inputs * PANEL + c % PANEL;
    const bool is = c < layer.outputs;
    for (int k = 0; k < layer.inputs; k++) to[(size_t)k * PANEL] = is ? (float)weights[(size_t)k * layer.outputs + c] : 0;
    b[c] = is ? (float)bias[c] : 0;
  }
}

void readHead(Reader &in, Arena &arena, int inputs, HeadLayer &layer) {
  layer.inputs = readLayer(in, inputs, layer.outputs, layer.leaky);
  const size_t count = (size_t)layer.inputs * layer.outputs;
  const double *weights = in.run(count), *bias = in.run(layer.outputs);
  double *w = arena.take<double>(in.bad ? 0 : count), *b = arena.take<double>(in.bad ? 0 : layer.outputs);
  layer.weights = w;
  layer.bias = b;
  if (!w || in.bad) return;
  for (size_t k = 0; k < count; k++) w[k] = weights[k];
  for (int k = 0; k < layer.outputs; k++) b[k] = bias[k];
}

/// Magic and version, the SOAP part, then the network. Returns the bytes of the model, 0 where the description is wrong.
size_t readNetwork(const double *description, size_t length, char *base) {
  Reader in = {description, length};
  Arena arena = {base};
  NetworkModel counted, &model = base ? *(NetworkModel *)base : counted;
  arena.take<NetworkModel>(1);
  if (in.integer(NNP_CONDUCTANCE_VERSION, NNP_CONDUCTANCE_VERSION), in.bad) return 0;
  readSoap(in, arena, model.soap);
  model.atomLayers = in.integer(0, MOST_LAYERS);
  model.sliceLayers = in.integer(0, MOST_LAYERS);
  model.headLayers = in.integer(0, MOST_LAYERS);
  model.pooling = (Pooling)in.integer(0, 2);
  model.margin = in.number();
  model.step = in.number();
  model.width = in.number();
  model.epsilon = in.number();
  if (in.bad) return 0;
  if (model.pooling == SLICES && !(model.step > 0 && model.width > 0 && model.epsilon > 0)) return 0;
  if (model.pooling != SLICES && model.sliceLayers > 0) return 0;
  if (model.atomLayers > 0 && model.headLayers == 0) return 0;
  model.mostWidth = 0;
  int inputs = model.soap.products;
  for (int k = 0; k < model.atomLayers + model.sliceLayers; k++) {
    Layer &layer = k < model.atomLayers ? model.atom[k] : model.slice[k - model.atomLayers];
    readPanels(in, arena, inputs, layer);
    inputs = layer.outputs;
    if (layer.width > model.mostWidth) model.mostWidth = layer.width;
  }
  for (int k = 0; k < model.headLayers; k++) {
    readHead(in, arena, inputs, model.head[k]);
    inputs = model.head[k].outputs;
  }
  if (model.atomLayers > 0 && inputs != 1) return 0;
  return in.done() ? arena.used : 0;
}

template <int R>
NNP_INLINE void productTile(const float *a, size_t stride, int inputs, const float *panel, const float *bias, bool leaky,
                            float *out, size_t outStride) {
  F::V sum[R][2];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
    sum[r][0] = bias ? F::load(bias) : F::V{};
    sum[r][1] = bias ? F::load(bias + WF) : F::V{};
  }
  for (int k = 0; k < inputs; k++) {
    const F::V low = F::load(panel + (size_t)k * PANEL), high = F::load(panel + (size_t)k * PANEL + WF);
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
      const float factor = a[r * stride + k];
      sum[r][0] += factor * low;
      sum[r][1] += factor * high;
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 2
    for (int v = 0; v < 2; v++) {
      const F::V value = sum[r][v];
      F::store(out + r * outStride + v * WF, leaky ? F::max(value, LEAK * value) : value);
    }
}

/// out (rows, panels * PANEL) = act(a (rows, inputs) * B + bias), rows a multiple of TILE; B in panels; bias may be NULL.
void product(const float *a, size_t stride, int rows, int inputs, const float *b, int panels, const float *bias,
             bool leaky, float *out, size_t outStride) {
  for (int p = 0; p < panels; p++)
    for (int r = 0; r < rows; r += TILE)
      productTile<TILE>(a + r * stride, stride, inputs, b + (size_t)p * inputs * PANEL,
                        bias ? bias + p * PANEL : nullptr, leaky, out + r * outStride + (size_t)p * PANEL, outStride);
}

struct NetworkScratch {
  SoapScratch soap;
  float *row;      // features of one atom
  float *features; // (BLOCK, stride) their products in the functions q
  size_t stride;
  float *reference;        // (stride) subtracted from the features of all atoms
  float *bias;             // of the first layer, with what was subtracted
  float *hidden[2];        // (BLOCK or slices, mostWidth)
  double *pooled, *next;   // head
  float *atoms;            // (panels, atoms, PANEL) last hidden layer of all atoms: slices only
  float *weights;          // (slices, atoms)
  double *total;           // (slices)
  int slices, tiledSlices; // rounded up to TILE
};

struct Range {
  double low, high;
};

/// Lowest and highest of the centers.
Range heights(const NnpSnapshot &atoms) {
  Range z = {0, 0};
  for (int c = 0; c < atoms.ncenters; c++) {
    const double here = atoms.positions[3 * atoms.centers[c] + 2];
    if (c == 0 || here < z.low) z.low = here;
    if (c == 0 || here > z.high) z.high = here;
  }
  return z;
}

constexpr double MOST_SLICES = 1 << 20;

/// Slices from `margin` inside the lowest atom to `margin` inside the highest; where that is less than nothing, one in
/// the middle.
double firstSlice(const NetworkModel &model, const Range &z, int &count) {
  const double length = z.high - z.low - 2 * model.margin;
  if (!(length >= 0)) {
    count = 1;
    return (z.low + z.high) / 2;
  }
  const double steps = length / model.step;
  count = steps < MOST_SLICES ? (int)steps + 1 : 0;
  return z.low + model.margin;
}

NetworkScratch networkScratch(Arena &arena, const NetworkModel &model, const NnpSnapshot &atoms) {
  NetworkScratch s = {};
  s.soap = soapScratch(arena, model.soap, mostNeighbors(atoms));
  s.row = arena.take<float>(model.soap.features + 2 * WF);
  if (model.atomLayers == 0) return s;
  s.stride = roundUp(model.soap.products, 16) + 2 * WF;
  s.features = arena.take<float>(BLOCK * s.stride);
  s.reference = arena.take<float>(s.stride);
  s.bias = arena.take<float>(model.atom[0].width);
  int rows = BLOCK;
  if (model.pooling == SLICES) {
    firstSlice(model, heights(atoms), s.slices);
    s.tiledSlices = roundUp(s.slices, TILE);
    if (s.tiledSlices > rows) rows = s.tiledSlices;
    s.atoms = arena.take<float>((size_t)atoms.ncenters * model.atom[model.atomLayers - 1].width);
    s.weights = arena.take<float>((size_t)s.tiledSlices * atoms.ncenters);
    s.total = arena.take<double>(s.tiledSlices);
  }
  for (float *&hidden : s.hidden) hidden = arena.take<float>((size_t)rows * model.mostWidth);
  int widest = model.mostWidth;
  for (int k = 0; k < model.headLayers; k++)
    if (model.head[k].outputs > widest) widest = model.head[k].outputs;
  s.pooled = arena.take<double>(widest);
  s.next = arena.take<double>(widest);
  return s;
}

/// Features of all atoms are large numbers that differ little: a reference is subtracted from them and its part of the
/// first layer, in double precision, added to the bias. The identity holds for any reference; the mean of the first block
/// is taken.
void chooseReference(const NetworkModel &model, NetworkScratch &s, int rows) {
  const Layer &layer = model.atom[0];
  for (int k = 0; k < layer.inputs; k++) s.reference[k] = s.features[k];
  for (int r = 1; r < rows; r++)
    for (int k = 0; k < layer.inputs; k++) s.reference[k] += s.features[r * s.stride + k];
  for (int k = 0; k < layer.inputs; k++) s.reference[k] /= (float)rows;
  for (int c = 0; c < layer.width; c += WF) {
    const float *panel = layer.panels + (size_t)(c / PANEL) * layer.inputs * PANEL + c % PANEL;
    double sum[WF];
    for (int v = 0; v < WF; v++) sum[v] = layer.bias[c + v];
    for (int k = 0; k < layer.inputs; k++)
      for (int v = 0; v < WF; v++) sum[v] += (double)s.reference[k] * (double)panel[(size_t)k * PANEL + v];
    for (int v = 0; v < WF; v++) s.bias[c + v] = (float)sum[v];
  }
}

/// Features of the block's atoms through the atom layers; returns the last hidden layer (BLOCK, width).
const float *atomLayers(const NetworkModel &model, NetworkScratch &s, int rows) {
  const int inputs = model.soap.products, tiled = roundUp(rows, TILE);
  for (int r = 0; r < rows; r++)
    for (int k = 0; k < inputs; k++) s.features[r * s.stride + k] -= s.reference[k];
  for (int r = rows; r < tiled; r++)
    for (int k = 0; k < inputs; k++) s.features[r * s.stride + k] = 0;
  const float *from = s.features;
  size_t stride = s.stride;
  for (int k = 0; k < model.atomLayers; k++) {
    const Layer &layer = model.atom[k];
    float *to = s.hidden[k % 2];
    product(from, stride, tiled, layer.inputs, layer.panels, layer.width / PANEL, k == 0 ? s.bias : layer.bias,
            layer.leaky, to, layer.width);
    from = to;
    stride = layer.width;
  }
  return from;
}

/// Keeps, adds or stores a block of the last hidden layer.
void poolBlock(const NetworkModel &model, const NnpSnapshot &atoms, NetworkScratch &s, const float *hidden, int first,
               int rows) {
  const Layer &layer = model.atom[model.atomLayers - 1];
  if (model.pooling == SLICES) {
    for (int p = 0; p < layer.width / PANEL; p++)
      for (int r = 0; r < rows; r++)
        __builtin_memcpy(s.atoms + ((size_t)p * atoms.ncenters + first + r) * PANEL,
                         hidden + (size_t)r * layer.width + p * PANEL, PANEL * sizeof(float));
    return;
  }
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < layer.outputs; c++) {
      const double value = hidden[(size_t)r * layer.width + c];
      if (model.pooling == MEAN)
        s.pooled[c] = (first + r == 0 ? 0 : s.pooled[c]) + value / atoms.ncenters;
      else if (first + r == 0 || value > s.pooled[c] || value != value)
        s.pooled[c] = value;
    }
}

/// Weighted means of the atoms about each slice, through the slice layers, and the largest of them.
void poolSlices(const NetworkModel &model, const NnpSnapshot &atoms, NetworkScratch &s) {
  const Range z = heights(atoms);
  const double lowest = firstSlice(model, z, s.slices), factor = -0.5 / (model.width * model.width);
  const int n = atoms.ncenters;
  for (int k = 0; k < s.slices; k++) {
    const double height = lowest + k * model.step;
    double total = 0;
    for (int i = 0; i < n; i += W) {
      D::V x = D::all(-1e4);
      for (int v = 0; v < W && i + v < n; v++) {
        const double d = atoms.positions[3 * atoms.centers[i + v] + 2] - height;
        x[v] = d * d * factor;
      }
      const D::V w = exp<D>(x);
      for (int v = 0; v < W && i + v < n; v++) {
        const double weight = x[v] > -600 ? w[v] : 0;
        total += weight;
        s.weights[(size_t)k * n + i + v] = (float)weight;
      }
    }
    s.total[k] = total;
  }
  for (size_t k = (size_t)s.slices * n; k < (size_t)s.tiledSlices * n; k++) s.weights[k] = 0;
  const Layer &last = model.atom[model.atomLayers - 1];
  int width = last.width, outputs = last.outputs;
  float *from = s.hidden[0];
  product(s.weights, n, s.tiledSlices, n, s.atoms, width / PANEL, nullptr, false, from, width);
  for (int k = 0; k < s.tiledSlices; k++) {
    const float scale = k < s.slices ? (float)(1 / (s.total[k] + model.epsilon)) : 0;
    for (int c = 0; c < width; c++) from[(size_t)k * width + c] *= scale;
  }
  for (int k = 0; k < model.sliceLayers; k++) {
    const Layer &layer = model.slice[k];
    float *to = s.hidden[(k + 1) % 2];
    product(from, width, s.tiledSlices, layer.inputs, layer.panels, layer.width / PANEL, layer.bias, layer.leaky, to,
            layer.width);
    from = to;
    width = layer.width;
    outputs = layer.outputs;
  }
  bool any = false;
  for (int k = 0; k < s.slices; k++) {
    if (!(s.total[k] > LEAST_WEIGHT)) continue;
    for (int c = 0; c < outputs; c++) {
      const double value = from[(size_t)k * width + c];
      if (!any || value > s.pooled[c] || value != value) s.pooled[c] = value;
    }
    any = true;
  }
}

/// The layers on the pooled vector.
double head(const NetworkModel &model, NetworkScratch &s) {
  for (int k = 0; k < model.headLayers; k++) {
    const HeadLayer &layer = model.head[k];
    for (int c = 0; c < layer.outputs; c++) s.next[c] = layer.bias[c];
    for (int i = 0; i < layer.inputs; i++) {
      const double value = s.pooled[i];
      const double *row = layer.weights + (size_t)i * layer.outputs;
      for (int c = 0; c < layer.outputs; c++) s.next[c] += value * row[c];
    }
    for (int c = 0; c < layer.outputs; c++)
      s.pooled[c] = layer.leaky && s.next[c] < 0 ? (double)LEAK * s.next[c] : s.next[c];
  }
  return s.pooled[0];
}

size_t networkModelBytes(const double *description, size_t length) { return readNetwork(description, length, nullptr); }

int networkModelInit(const double *description, size_t length, void *model) {
  return readNetwork(description, length, (char *)model) ? NNP_DONE : NNP_BAD_SIZE;
}

size_t networkScratchBytes(const void *model, const NnpSnapshot *atoms) {
  NnpSnapshot checked = *atoms;
  const NetworkModel &m = *(const NetworkModel *)model;
  if (checkSnapshot(m.soap, checked) != NNP_DONE) return 64; // the run says what is wrong
  Arena arena = {nullptr};
  const NetworkScratch s = networkScratch(arena, m, *atoms);
  return m.pooling == SLICES && m.atomLayers > 0 && s.slices == 0 ? 0 : arena.used;
}

/// Features of the centers where room for them is given, and values[0], the number the network makes of them.
int networkRun(const void *prepared, NnpSnapshot *snapshot, void *scratch) {
  const NetworkModel &model = *(const NetworkModel *)prepared;
  NnpSnapshot &atoms = *snapshot;
  const int wrong = checkSnapshot(model.soap, atoms);
  if (wrong) return wrong;
  const bool predict = atoms.nvalues > 0;
  if (predict && (model.atomLayers == 0 || atoms.ncenters == 0)) return NNP_BAD_SIZE;
  if (atoms.features && atoms.nfeatures < (size_t)atoms.ncenters * model.soap.features) return NNP_BAD_SIZE;
  Arena arena = {(char *)scratch};
  NetworkScratch s = networkScratch(arena, model, atoms);
  for (int first = 0; first < atoms.ncenters; first += BLOCK) {
    const int rows = atoms.ncenters - first < BLOCK ? atoms.ncenters - first : BLOCK;
    for (int r = 0; r < rows; r++) {
      const int center = atoms.centers[first + r], code = expand(model.soap, atoms, center, s.soap);
      if (code) {
        atoms.at = center;
        return code;
      }
      if (atoms.features) {
        features(model.soap, s.soap, s.row);
        __builtin_memcpy(atoms.features + (size_t)(first + r) * model.soap.features, s.row,
                         model.soap.features * sizeof(float));
      }
      if (predict) powerSpectrum(model.soap, s.soap, s.features + r * s.stride);
    }
    if (!predict) continue;
    if (first == 0) chooseReference(model, s, rows);
    poolBlock(model, atoms, s, atomLayers(model, s, rows), first, rows);
  }
  if (!predict) return NNP_DONE;
  if (model.pooling == SLICES) poolSlices(model, atoms, s);
  atoms.values[0] = head(model, s);
  return isFinite(atoms.values[0]) ? NNP_DONE : NNP_BAD_RESULT;
}

} // namespace
