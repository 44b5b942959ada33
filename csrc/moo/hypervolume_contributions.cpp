#include <cassert>
#include <vector>

#include "pyhwnas/moo/hypervolume.hpp"

namespace pyhwnas::moo {

void hypervolume_contributions(MatrixView<const double> F, std::span<const double> ref_point,
                               std::span<double> contributions, int threads,
                               const Checkpoint& checkpoint) {
  assert(contributions.size() == F.rows());
  const double whole = hypervolume(F, ref_point, threads, checkpoint);
  std::vector<double> rest(F.rows() * F.cols());
  for (std::size_t i = 0; i < F.rows(); ++i) {
    rest.clear();
    for (std::size_t j = 0; j < F.rows(); ++j) {
      if (j != i) rest.insert(rest.end(), F[j].begin(), F[j].end());
    }
    contributions[i] =
        whole - hypervolume({rest.data(), F.rows() - 1, F.cols()}, ref_point, threads, checkpoint);
  }
}

}  // namespace pyhwnas::moo
