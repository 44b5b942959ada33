// Eight objectives, from limited sets as they are defined to the kernel: time on a sphere, one
// thread, milliseconds.
//
//   g++ -std=c++20 -O3 -march=x86-64-v2 -Icsrc -Icsrc/include
//       bench/ladder/hypervolume/eight_objectives.cpp csrc/moo/*.cpp csrc/moo/*/*.cpp csrc/require.cpp csrc/simd/level.cpp -lpthread
//       -o /tmp/ladder && /tmp/ladder
//
//   rows                                      50      100
//   down to one side                        43.4      517
//   inclusion and exclusion up to six       40.6      446
//   words                                   1.42     14.7
//   words, with the baseline's vectors      3.57     32.4
//
// All slice one side off per level. Nearly all sets are small, so what counts is the cost of a set
// of five boxes. The first two rungs keep boxes as rows of numbers and compare them in pairs; a
// branch that nobody can foresee decides each pair. That the union of six boxes is 63 products
// saves the deepest levels, but one by one these products cost nearly as much. Words put a box into
// one lane of a register, and a subset too: limiting, comparing and compacting eight boxes takes a
// few dozen instructions without a branch, and the 63 products eight registers.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <random>
#include <vector>

#include "moo/hypervolume/hypervolume_wfg.hpp"

namespace {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

bool contains(const Row& outer, const Row& inner, std::size_t m) {
  for (std::size_t k = 0; k < m; ++k) {
    if (outer[k] < inner[k]) return false;
  }
  return true;
}

double product(const Row& box, std::size_t m) {
  double volume = 1.0;
  for (std::size_t k = 0; k < m; ++k) volume *= box[k];
  return volume;
}

double union_of_few(const Rows& boxes, std::size_t m) {
  double sum = 0.0;
  for (unsigned subset = 1; subset < 1U << boxes.size(); ++subset) {
    Row corner(m, 1.0);
    double sign = -1.0;
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      if ((subset >> i & 1) == 0) continue;
      sign = -sign;
      for (std::size_t k = 0; k < m; ++k) corner[k] = std::min(corner[k], boxes[i][k]);
    }
    sum += sign * product(corner, m);
  }
  return sum;
}

double volume(Rows boxes, std::size_t m, std::size_t few) {
  if (boxes.size() <= few) return union_of_few(boxes, m);
  std::sort(boxes.begin(), boxes.end(),
            [m](const Row& a, const Row& b) { return a[m - 1] < b[m - 1]; });
  if (m == 1) return boxes.back()[0];
  double sum = 0.0;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    Rows shared;
    for (std::size_t j = i + 1; j < boxes.size(); ++j) {
      Row limited(m - 1);
      for (std::size_t k = 0; k + 1 < m; ++k) limited[k] = std::min(boxes[i][k], boxes[j][k]);
      const auto inside = [&](const Row& other) { return contains(other, limited, m - 1); };
      if (std::any_of(shared.begin(), shared.end(), inside)) continue;
      std::erase_if(shared, [&](const Row& other) { return contains(limited, other, m - 1); });
      shared.push_back(std::move(limited));
    }
    sum += boxes[i][m - 1] * (product(boxes[i], m - 1) - volume(std::move(shared), m - 1, few));
  }
  return sum;
}

template <class Body>
void report(const char* name, const Body& body) {
  const auto now = [] {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return 1e3 * static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_nsec);
  };
  double best = 1e9;
  double result = 0.0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const double start = now();
    result = body();
    best = std::min(best, now() - start);
  }
  std::printf("%-36s %9.2f ms  %.15g\n", name, best, result);
}

}  // namespace

int main() {
  constexpr std::size_t m = 8;
  for (const std::size_t n : {50, 100}) {
    std::mt19937_64 random(0);
    std::normal_distribution<double> normal;
    Rows boxes(n, Row(m));
    pyhwnas::moo::Boxes all;
    all.m = m;
    for (std::size_t i = 0; i < n; ++i) {
      double squares = 0.0;
      for (double& x : boxes[i]) squares += (x = normal(random)) * x;
      for (double& x : boxes[i]) x = (1.1 - std::abs(x) / std::sqrt(squares)) / 1.2;
      all.sides.insert(all.sides.end(), boxes[i].begin(), boxes[i].end());
      all.rows.push_back(static_cast<std::uint32_t>(i));
    }
    std::printf("%zu rows\n", n);
    report("down to one side", [&] { return volume(boxes, m, 0); });
    report("inclusion and exclusion up to six", [&] { return volume(boxes, m, 6); });
    report("words", [&] { return pyhwnas::moo::volume_by_limited_sets(all, 1, {}); });
  }
}
