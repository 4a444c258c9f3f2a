// The network on the features of the atoms: per-atom layers by blocks of atoms, pooling, head.
#pragma once
#include "soap.hpp"

namespace {

constexpr int MOST_LAYERS = 16, MOST_MEMBERS = 64, MOST_WIDTH = 1 << 16;
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

/// One network on the features.
struct Network {
  int atomLayers, sliceLayers, headLayers;
  Pooling pooling;
  double margin, step, width, epsilon; // of slices, A
  Layer atom[MOST_LAYERS], slice[MOST_LAYERS];
  HeadLayer head[MOST_LAYERS];
};

struct NetworkModel {
  SoapModel soap;
  int members; // networks of a committee; none: features only
  Network *member;
  int mostWidth, mostHead; // of atom and slice layers; of any layer
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

/// Numbers of layers, pooling and its lengths, then the layers.
void readMember(Reader &in, Arena &arena, NetworkModel &model, Network &network) {
  network.atomLayers = in.integer(1, MOST_LAYERS);
  network.sliceLayers = in.integer(0, MOST_LAYERS);
  network.headLayers = in.integer(1, MOST_LAYERS);
  network.pooling = (Pooling)in.integer(0, 2);
  network.margin = in.number();
  network.step = in.number();
  network.width = in.number();
  network.epsilon = in.number();
  const bool slices = network.pooling == SLICES;
  if (slices ? !(network.step > 0 && network.width > 0 && network.epsilon > 0) : network.sliceLayers > 0) in.bad = true;
  if (in.bad) return;
  int inputs = model.soap.products;
  for (int k = 0; k < network.atomLayers + network.sliceLayers; k++) {
    Layer &layer = k < network.atomLayers ? network.atom[k] : network.slice[k - network.atomLayers];
    readPanels(in, arena, inputs, layer);
    inputs = layer.outputs;
    if (layer.width > model.mostWidth) model.mostWidth = layer.width;
  }
  for (int k = 0; k < network.headLayers; k++) {
    readHead(in, arena, inputs, network.head[k]);
    inputs = network.head[k].outputs;
    if (inputs > model.mostHead) model.mostHead = inputs;
  }
  if (inputs != 1) in.bad = true;
}

/// Version, the SOAP part, then the networks. Returns the bytes of the model, 0 where the description is wrong.
size_t readNetworks(const double *description, size_t length, char *base) {
  Reader in = {description, length};
  Arena arena = {base};
  NetworkModel counted, &model = base ? *(NetworkModel *)base : counted;
  arena.take<NetworkModel>(1);
  if (in.integer(NNP_CONDUCTANCE_VERSION, NNP_CONDUCTANCE_VERSION), in.bad) return 0;
  readSoap(in, arena, model.soap);
  model.members = in.integer(0, MOST_MEMBERS);
  if (in.bad) return 0;
  model.member = arena.take<Network>(model.members);
  model.mostWidth = model.mostHead = 0;
  Network one;
  for (int k = 0; k < model.members && !in.bad; k++) readMember(in, arena, model, base ? model.member[k] : one);
  if (model.mostWidth > model.mostHead) model.mostHead = model.mostWidth;
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

/// What one network of a committee keeps from block to block.
struct MemberScratch {
  float *bias;             // of the first layer, with what was subtracted from the features
  double *pooled;          // (mostHead)
  float *atoms;            // (panels, atoms, PANEL) last hidden layer of all atoms: slices only
  int slices, tiledSlices; // rounded up to TILE
};

struct NetworkScratch {
  SoapScratch soap;
  float *row;      // features of one atom
  float *features; // (BLOCK, stride) their products in the functions q
  size_t stride;
  float *reference; // (stride) subtracted from the features of all atoms
  double *mean;     // (stride) weighted sum of the products
  float *hidden[2]; // (BLOCK or slices, mostWidth)
  double *next;     // (mostHead)
  float *weights;   // (slices, atoms)
  double *total;    // (slices)
  MemberScratch member[MOST_MEMBERS];
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
double firstSlice(const Network &network, const Range &z, int &count) {
  const double length = z.high - z.low - 2 * network.margin;
  if (!(length >= 0)) {
    count = 1;
    return (z.low + z.high) / 2;
  }
  const double steps = length / network.step;
  count = steps < MOST_SLICES ? (int)steps + 1 : 0;
  return z.low + network.margin;
}

NetworkScratch networkScratch(Arena &arena, const NetworkModel &model, const NnpSnapshot &atoms) {
  NetworkScratch s = {};
  s.soap = soapScratch(arena, model.soap, mostNeighbors(atoms));
  s.row = arena.take<float>(model.soap.features + 2 * WF);
  s.stride = roundUp(model.soap.products, 16) + 2 * WF;
  s.features = arena.take<float>(BLOCK * s.stride);
  s.reference = arena.take<float>(s.stride);
  s.mean = arena.take<double>(s.stride);
  s.next = arena.take<double>(model.mostHead);
  int rows = BLOCK, most = 0;
  for (int k = 0; k < model.members; k++) {
    const Network &network = model.member[k];
    MemberScratch &m = s.member[k];
    m.bias = arena.take<float>(network.atom[0].width);
    m.pooled = arena.take<double>(model.mostHead);
    if (network.pooling != SLICES) continue;
    firstSlice(network, heights(atoms), m.slices);
    m.tiledSlices = roundUp(m.slices, TILE);
    if (m.tiledSlices > rows) rows = m.tiledSlices;
    if (m.tiledSlices > most) most = m.tiledSlices;
    m.atoms = arena.take<float>((size_t)atoms.ncenters * network.atom[network.atomLayers - 1].width);
  }
  s.weights = arena.take<float>((size_t)most * atoms.ncenters);
  s.total = arena.take<double>(most);
  for (float *&hidden : s.hidden) hidden = arena.take<float>((size_t)rows * model.mostWidth);
  return s;
}

/// Features of all atoms are large numbers that differ little: a reference is subtracted from them and its part of the
/// first layers, in double precision, added to their biases. The identity holds for any reference; the mean of the first
/// block is taken.
void chooseReference(const NetworkModel &model, NetworkScratch &s, int rows) {
  const int inputs = model.soap.products;
  for (int k = 0; k < inputs; k++) s.reference[k] = s.features[k];
  for (int r = 1; r < rows; r++)
    for (int k = 0; k < inputs; k++) s.reference[k] += s.features[r * s.stride + k];
  for (int k = 0; k < inputs; k++) s.reference[k] /= (float)rows;
  for (int m = 0; m < model.members; m++) {
    const Layer &layer = model.member[m].atom[0];
    for (int c = 0; c < layer.width; c += WF) {
      const float *panel = layer.panels + (size_t)(c / PANEL) * inputs * PANEL + c % PANEL;
      double sum[WF];
      for (int v = 0; v < WF; v++) sum[v] = layer.bias[c + v];
      for (int k = 0; k < inputs; k++)
        for (int v = 0; v < WF; v++) sum[v] += (double)s.reference[k] * (double)panel[(size_t)k * PANEL + v];
      for (int v = 0; v < WF; v++) s.member[m].bias[c + v] = (float)sum[v];
    }
  }
}

/// Subtracts the reference from the block's features; rows that fill up the last tile become zero.
void subtractReference(const NetworkModel &model, NetworkScratch &s, int rows) {
  const int inputs = model.soap.products, tiled = roundUp(rows, TILE);
  for (int r = 0; r < tiled; r++) {
    float *row = s.features + r * s.stride;
    for (int k = 0; k < inputs; k++) row[k] = r < rows ? row[k] - s.reference[k] : 0;
  }
}

/// The block's atoms through the atom layers; returns the last hidden layer (BLOCK, width).
const float *atomLayers(const Network &network, const float *bias, NetworkScratch &s, int rows) {
  const float *from = s.features;
  size_t stride = s.stride;
  for (int k = 0; k < network.atomLayers; k++) {
    const Layer &layer = network.atom[k];
    float *to = s.hidden[k % 2];
    product(from, stride, roundUp(rows, TILE), layer.inputs, layer.panels, layer.width / PANEL,
            k == 0 ? bias : layer.bias, layer.leaky, to, layer.width);
    from = to;
    stride = layer.width;
  }
  return from;
}

/// Keeps, adds or stores a block of the last hidden layer.
void poolBlock(const Network &network, const NnpSnapshot &atoms, MemberScratch &s, const float *hidden, int first,
               int rows) {
  const Layer &layer = network.atom[network.atomLayers - 1];
  const int width = layer.width;
  if (network.pooling == SLICES) {
    for (int p = 0; p < width / PANEL; p++)
      for (int r = 0; r < rows; r++)
        __builtin_memcpy(s.atoms + ((size_t)p * atoms.ncenters + first + r) * PANEL,
                         hidden + (size_t)r * width + p * PANEL, PANEL * sizeof(float));
    return;
  }
  for (int c = 0; c < layer.outputs; c += WF) {
    F::V value = F::load(hidden + c), bad = value - value;
    for (int r = 1; r < rows; r++) {
      const F::V here = F::load(hidden + (size_t)r * width + c);
      value = network.pooling == MEAN ? value + here : F::max(value, here);
      bad += here - here; // a maximum would lose what is not a number
    }
    value += bad;
    for (int v = 0; v < WF && c + v < layer.outputs; v++) {
      double &to = s.pooled[c + v];
      if (network.pooling == MEAN)
        to = (first == 0 ? 0 : to) + (double)value[v] / atoms.ncenters;
      else if (first == 0 || value[v] > to || value[v] != value[v])
        to = value[v];
    }
  }
}

/// Weights of the atoms about each slice: (slices, atoms), and their sums.
void sliceWeights(const Network &network, const NnpSnapshot &atoms, const MemberScratch &m, NetworkScratch &s) {
  int slices;
  const double lowest = firstSlice(network, heights(atoms), slices), factor = -0.5 / (network.width * network.width);
  const int n = atoms.ncenters;
  for (int k = 0; k < m.slices; k++) {
    const double height = lowest + k * network.step;
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
  for (size_t k = (size_t)m.slices * n; k < (size_t)m.tiledSlices * n; k++) s.weights[k] = 0;
}

/// Weighted means of the atoms about each slice, through the slice layers, and the largest of them.
void poolSlices(const Network &network, const NnpSnapshot &atoms, MemberScratch &m, NetworkScratch &s) {
  sliceWeights(network, atoms, m, s);
  const int n = atoms.ncenters;
  const Layer &last = network.atom[network.atomLayers - 1];
  int width = last.width, outputs = last.outputs;
  float *from = s.hidden[0];
  product(s.weights, n, m.tiledSlices, n, m.atoms, width / PANEL, nullptr, false, from, width);
  for (int k = 0; k < m.tiledSlices; k++) {
    const float scale = k < m.slices ? (float)(1 / (s.total[k] + network.epsilon)) : 0;
    for (int c = 0; c < width; c++) from[(size_t)k * width + c] *= scale;
  }
  for (int k = 0; k < network.sliceLayers; k++) {
    const Layer &layer = network.slice[k];
    float *to = s.hidden[(k + 1) % 2];
    product(from, width, m.tiledSlices, layer.inputs, layer.panels, layer.width / PANEL, layer.bias, layer.leaky, to,
            layer.width);
    from = to;
    width = layer.width;
    outputs = layer.outputs;
  }
  bool any = false;
  for (int k = 0; k < m.slices; k++) {
    if (!(s.total[k] > LEAST_WEIGHT)) continue;
    for (int c = 0; c < outputs; c++) {
      const double value = from[(size_t)k * width + c];
      if (!any || value > m.pooled[c] || value != value) m.pooled[c] = value;
    }
    any = true;
  }
}

/// The layers on the pooled vector.
double head(const Network &network, double *pooled, double *next) {
  for (int k = 0; k < network.headLayers; k++) {
    const HeadLayer &layer = network.head[k];
    for (int c = 0; c < layer.outputs; c++) next[c] = layer.bias[c];
    for (int i = 0; i < layer.inputs; i++) {
      const double value = pooled[i];
      const double *row = layer.weights + (size_t)i * layer.outputs;
      for (int c = 0; c < layer.outputs; c++) next[c] += value * row[c];
    }
    for (int c = 0; c < layer.outputs; c++) pooled[c] = layer.leaky && next[c] < 0 ? (double)LEAK * next[c] : next[c];
  }
  return pooled[0];
}

/// Adds the weighted products of a block to the mean.
void addToMean(const NetworkModel &model, NetworkScratch &s, const double *weights, int first, int rows) {
  for (int r = 0; r < rows; r++) {
    const double weight = weights[first + r];
    const float *row = s.features + r * s.stride;
    for (int k = 0; k < model.soap.products; k++) {
      if (first + r == 0) s.mean[k] = 0;
      s.mean[k] += weight * row[k];
    }
  }
}

/// Sums of weights are as they are in JavaScript: one after the other.
double sumOf(const double *weights, int n) {
  double sum = 0;
  for (int k = 0; k < n; k++) sum += weights[k];
  return sum;
}

size_t networkModelBytes(const double *description, size_t length) { return readNetworks(description, length, nullptr); }

int networkModelInit(const double *description, size_t length, void *model) {
  return readNetworks(description, length, (char *)model) ? NNP_DONE : NNP_BAD_SIZE;
}

size_t networkScratchBytes(const void *model, const NnpSnapshot *atoms) {
  NnpSnapshot checked = *atoms;
  const NetworkModel &m = *(const NetworkModel *)model;
  if (checkSnapshot(m.soap, checked) != NNP_DONE) return 64; // the run says what is wrong
  Arena arena = {nullptr};
  const NetworkScratch s = networkScratch(arena, m, *atoms);
  for (int k = 0; k < m.members; k++)
    if (m.member[k].pooling == SLICES && s.member[k].slices == 0) return 0;
  return arena.used;
}

/// What of a snapshot is wanted, by the room there is for it.
struct Wanted {
  bool features, networks, mean;
};

/// Returns a code.
int readWanted(const NetworkModel &model, const NnpSnapshot &atoms, Wanted &wanted) {
  const int rest = atoms.nvalues - model.members;
  wanted = {atoms.features != nullptr, model.members > 0 && atoms.nvalues > 0, rest > 0};
  if (wanted.features && atoms.nfeatures < (size_t)atoms.ncenters * model.soap.features) return NNP_BAD_SIZE;
  if (atoms.nvalues > 0 && (rest < 0 || atoms.ncenters == 0)) return NNP_BAD_SIZE;
  if (wanted.mean && (rest != model.soap.features || atoms.nnumbers != atoms.ncenters)) return NNP_BAD_SIZE;
  return NNP_DONE;
}

/// One block of centers: features, products, networks. Returns a code.
int runBlock(const NetworkModel &model, NnpSnapshot &atoms, const Wanted &wanted, int first, NetworkScratch &s) {
  const int rows = atoms.ncenters - first < BLOCK ? atoms.ncenters - first : BLOCK;
  for (int r = 0; r < rows; r++) {
    const int center = atoms.centers[first + r], code = expand(model.soap, atoms, center, s.soap);
    if (code) {
      atoms.at = center;
      return code;
    }
    if (wanted.features) {
      features(model.soap, s.soap, s.row);
      __builtin_memcpy(atoms.features + (size_t)(first + r) * model.soap.features, s.row,
                       model.soap.features * sizeof(float));
    }
    if (wanted.networks || wanted.mean) powerSpectrum(model.soap, s.soap, s.features + r * s.stride);
  }
  if (wanted.mean) addToMean(model, s, atoms.numbers, first, rows);
  if (!wanted.networks) return NNP_DONE;
  if (first == 0) chooseReference(model, s, rows);
  subtractReference(model, s, rows);
  for (int k = 0; k < model.members; k++)
    poolBlock(model.member[k], atoms, s.member[k], atomLayers(model.member[k], s.member[k].bias, s, rows), first, rows);
  return NNP_DONE;
}

/// features (centers, features) where there is room for them; values: the number each network makes of the snapshot, then,
/// where there is room, the mean of the features over the centers with weights `numbers`.
int networkRun(const void *prepared, NnpSnapshot *snapshot, void *scratch) {
  const NetworkModel &model = *(const NetworkModel *)prepared;
  NnpSnapshot &atoms = *snapshot;
  Wanted wanted;
  int code = checkSnapshot(model.soap, atoms);
  if (code == NNP_DONE) code = readWanted(model, atoms, wanted);
  if (code != NNP_DONE) return code;
  Arena arena = {(char *)scratch};
  NetworkScratch s = networkScratch(arena, model, atoms);
  for (int first = 0; first < atoms.ncenters && code == NNP_DONE; first += BLOCK)
    code = runBlock(model, atoms, wanted, first, s);
  if (code != NNP_DONE) return code;
  for (int k = 0; wanted.networks && k < model.members; k++) {
    if (model.member[k].pooling == SLICES) poolSlices(model.member[k], atoms, s.member[k], s);
    atoms.values[k] = head(model.member[k], s.member[k].pooled, s.next);
    if (!isFinite(atoms.values[k])) return NNP_BAD_RESULT;
  }
  if (!wanted.mean) return NNP_DONE;
  meanFeatures(model.soap, s.mean, 1 / sumOf(atoms.numbers, atoms.ncenters), atoms.values + model.members);
  return isFinite(atoms.values[model.members]) ? NNP_DONE : NNP_BAD_RESULT;
}

} // namespace
