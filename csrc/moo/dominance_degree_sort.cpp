#include <cassert>

#include "moo/rows.hpp"
#include "pyhwnas/moo/dominance.hpp"

namespace pyhwnas::moo {

void dominance_degree_sort(MatrixView<const double> F, std::span<std::int32_t> ranks, int threads,
                           const Checkpoint& checkpoint) {
  nondominated_sort(F, ranks, threads, checkpoint);
}

}  // namespace pyhwnas::moo
