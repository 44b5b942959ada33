#include <cassert>

#include "pyhwnas/moo/hypervolume.hpp"

namespace pyhwnas::moo {

Estimate hypervolume_approx(MatrixView<const double> F, std::span<const double> ref_point,
                            std::size_t /*n_samples*/, std::uint64_t /*seed*/,
                            SamplingMethod /*method*/, int threads, const Checkpoint& checkpoint) {
  return {hypervolume(F, ref_point, threads, checkpoint), 0.0};
}

}  // namespace pyhwnas::moo
