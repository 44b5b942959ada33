// Which rows are weakly dominated by a set: a search for the nearest row (see nearest.hpp)
// where what is nowhere larger is near and all else is far. Only comparisons: infinities are values
// like others.
#include "pyhwnas/moo/covered.hpp"

#include <algorithm>
#include <vector>

#include "moo/indicators/nearest.hpp"
#include "require.hpp"

namespace pyhwnas::moo {
namespace {

struct AnyLarger {
  static constexpr double kStart = 0.0;
  static constexpr bool kOnlyLargest = false;
  template <class Register>
  [[gnu::always_inline]] static void add(Register& sum, const Register& x, const Register& query) {
    sum = x > query ? Register{} + 1.0 : sum;
  }
  template <class Register>
  [[gnu::always_inline]] static void add_box(Register& sum, double low, double /*high*/,
                                             const Register& query) {
    add(sum, Register{} + low, query);
  }
};

}  // namespace

void covered(MatrixView<const double> F, MatrixView<const double> R, std::span<std::uint8_t> mask,
             int threads, const Checkpoint& checkpoint) {
  require_size(mask.size(), "mask", F.rows());
  require_size(R.cols(), "each row of R", F.cols());
  if (F.rows() == 0 || R.rows() == 0 || F.cols() == 0) {
    // Rows without columns equal each other.
    std::fill(mask.begin(), mask.end(), R.rows() > 0);
    return;
  }
  std::vector<double> nearest(F.rows());
  Nearest<AnyLarger>(R, F, checkpoint).search(nearest, threads, checkpoint);
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = nearest[i] == 0.0;
}

}  // namespace pyhwnas::moo
