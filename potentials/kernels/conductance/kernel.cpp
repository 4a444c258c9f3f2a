// Conductance kernels for one instruction set: NNP_LANES doubles side by side, exported as NNP_SYMBOL.
#include "jellium.hpp"
#include "leads.hpp"
#include "network.hpp"
#include "tight-binding.hpp"

extern "C" {
extern const NnpConductance NNP_SYMBOL;
const NnpConductance NNP_SYMBOL = {NNP_CONDUCTANCE_VERSION,
                                   NNP_LANES,
                                   {{networkModelBytes, networkModelInit, networkScratchBytes, networkRun},
                                    {jelliumModelBytes, jelliumModelInit, jelliumScratchBytes, jelliumRun},
                                    {tightBindingModelBytes, tightBindingModelInit, tightBindingScratchBytes,
                                     tightBindingRun},
                                    {leadModelBytes, leadModelInit, leadScratchBytes, leadRun}}};
}
