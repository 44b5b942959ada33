#include <algorithm>
#include <cassert>
#include <vector>

#include "pyhwnas/moo/hypervolume.hpp"

namespace pyhwnas::moo {

void hypervolume_subset(MatrixView<const double> F, std::span<const double> ref_point,
                        std::span<std::int64_t> chosen, int threads, const Checkpoint& checkpoint) {
  assert(chosen.size() <= F.rows());
  std::vector<double> rows;
  std::vector<bool> taken(F.rows());
  for (std::size_t k = 0; k < chosen.size(); ++k) {
    double best = -1.0;
    for (std::size_t i = 0; i < F.rows(); ++i) {
      if (taken[i]) continue;
      rows.insert(rows.end(), F[i].begin(), F[i].end());
      const double volume =
          hypervolume({rows.data(), k + 1, F.cols()}, ref_point, threads, checkpoint);
      rows.resize(k * F.cols());
      if (volume <= best) continue;
      best = volume;
      chosen[k] = static_cast<std::int64_t>(i);
    }
    const auto row = static_cast<std::size_t>(chosen[k]);
    taken[row] = true;
    rows.insert(rows.end(), F[row].begin(), F[row].end());
  }
}

}  // namespace pyhwnas::moo
