// A population's costs and scores, its fronts, their volume; each compared with a value that can be
// worked out by hand. Exits with 1 and says what is wrong.
#include <pyhwnas/gather_sum.hpp>
#include <pyhwnas/moo.hpp>
#include <pyhwnas/synflow.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using pyhwnas::MatrixView;

int failures = 0;

void check(bool holds, const char* what) {
  std::printf("%s: %s\n", holds ? "ok" : "WRONG", what);
  if (!holds) ++failures;
}

bool near(double a, double b) {
  return std::abs(a - b) <= 1e-12 * std::abs(b);
}

// Three networks of two slots; a unit's cost is in `cost`, -1 leaves a slot out.
void costs() {
  const std::vector<double> cost{0.5, 2.0, 10.0};
  const std::vector<std::int32_t> unit_ids{0, 1, 2, -1, 2, 2};
  std::vector<double> sums(3);
  pyhwnas::gather_sum(cost, MatrixView(unit_ids.data(), 3, 2), sums, 2);
  check(sums == std::vector<double>{2.5, 10.0, 20.0}, "gather_sum");
}

// One unit with two fully connected layers, 4 -> 5 -> 3. With weights of mean 1 / (2 sqrt(fan-in))
// the output sums up to 3 (4 / 4) (sqrt(5) / 2), and each layer's weights contribute that much.
void scores() {
  using pyhwnas::Opcode;
  const auto linear = static_cast<std::int32_t>(Opcode::linear);
  const std::vector<std::int32_t> slot_input_offsets{0, 1}, slot_inputs{-1};
  const std::vector<std::int32_t> unit_offsets{0, 2}, unit_input_offsets{0, 1}, shapes{4, 1, 1};
  const std::vector<std::int32_t> nodes{linear, 5, 1, 1, 1, 1, 0, 1, 1, 0,
                                        linear, 3, 1, 1, 1, 1, 0, 1, 1, 0};
  const std::vector<std::int32_t> node_input_offsets{0, 1, 2}, node_inputs{0, 1};
  const pyhwnas::PlanProgram program{slot_input_offsets,
                                     slot_inputs,
                                     unit_offsets,
                                     unit_input_offsets,
                                     MatrixView(shapes.data(), 1, 3),
                                     MatrixView(nodes.data(), 2, pyhwnas::kNodeColumns),
                                     node_input_offsets,
                                     node_inputs};
  const std::vector<std::int32_t> unit_ids{0, -1};
  std::vector<double> scores(2);
  pyhwnas::proxy::synflow_expected(program, MatrixView(unit_ids.data(), 2, 1), 0.5, scores, 2);
  check(near(scores[0], std::log(2 * 3 * std::sqrt(5.0) / 2)), "synflow_expected");
  check(std::isinf(scores[1]) && scores[1] < 0, "synflow_expected of an absent network");
}

// Two fronts of three: a staircase, and the same one step further out; a row twice.
void fronts() {
  const std::vector<double> values{1, 3, 2, 2, 3, 1, 2, 4, 3, 3, 4, 2, 2, 2};
  const MatrixView F(values.data(), 7, 2);
  std::vector<std::int32_t> ranks(7), counts(7);
  std::vector<std::uint8_t> mask(7);
  std::vector<double> distances(7);
  pyhwnas::moo::nondominated_sort(F, ranks, 2);
  check(ranks == std::vector<std::int32_t>{0, 0, 0, 1, 1, 1, 0}, "nondominated_sort");
  pyhwnas::moo::nondominated_mask(F, false, mask, 2);
  check(mask == std::vector<std::uint8_t>{1, 1, 1, 0, 0, 0, 0}, "nondominated_mask");
  pyhwnas::moo::dominance_counts(F, counts, 2);
  check(counts == std::vector<std::int32_t>{0, 0, 0, 3, 4, 3, 0}, "dominance_counts");
  pyhwnas::moo::crowding_distance(F, ranks, distances, 2);
  check(std::isinf(distances[0]) && near(distances[4], 2.0), "crowding_distance");

  const std::vector<double> ref_point{4, 4};
  check(pyhwnas::moo::hypervolume(F, ref_point, 2) == 6.0, "hypervolume");
}

// n random points on a simplex, none of which dominates another.
std::vector<double> simplex(std::size_t n, std::size_t m) {
  std::mt19937_64 generator(1);
  std::vector<double> values(n * m);
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < m; ++k) {
      values[i * m + k] = 1e-3 + static_cast<double>(generator() >> 11) * 0x1p-53;
      sum += values[i * m + k];
    }
    for (std::size_t k = 0; k < m; ++k) values[i * m + k] /= sum;
  }
  return values;
}

void threads() {
  const std::vector<double> values = simplex(60, 6);
  const std::vector<double> ref_point(6, 1.0);
  const MatrixView F(values.data(), 60, 6);
  const double volume = pyhwnas::moo::hypervolume(F, ref_point, 1);
  check(volume > 0 && volume < 1, "a volume in the unit cube");
  check(pyhwnas::moo::hypervolume(F, ref_point, 7) == volume, "the same bits for any threads");
}

struct Cancelled {};

void cancelling() {
  const std::vector<double> values = simplex(400, 9);  // would take minutes
  const std::vector<double> ref_point(9, 1.0);
  int polls = 0;
  const auto give_up = [&polls] {
    if (++polls == 2) throw Cancelled{};
  };
  bool cancelled = false;
  try {
    pyhwnas::moo::hypervolume(MatrixView(values.data(), 400, 9), ref_point, 2, give_up);
  } catch (const Cancelled&) {
    cancelled = true;
  }
  check(cancelled && polls == 2, "a checkpoint cancels");
}

void mistakes() {
  const std::vector<double> cost{1.0};
  const std::vector<std::int32_t> unit_ids{0, 0};
  std::vector<double> sums(1);
  std::string message;
  try {
    pyhwnas::gather_sum(cost, MatrixView(unit_ids.data(), 2, 1), sums, 1);
  } catch (const std::invalid_argument& error) {
    message = error.what();
  }
  check(message == "sums must have 2 entries, got 1", "a wrong size is said");
}

}  // namespace

int main() {
  costs();
  scores();
  fronts();
  threads();
  cancelling();
  mistakes();
  return failures == 0 ? 0 : 1;
}
