// Ranks of 10^4 random rows, from the definition to a scan with lanes: one thread, milliseconds.
//
//   g++ -std=c++20 -O3 -march=x86-64-v3 bench/ladder/nondominated_sort/fronts.cpp -o /tmp/ladder &&
//       /tmp/ladder
//
//   objectives                        3        5
//   peeling                         358      411
//   efficient sort                 15.0     77.7
//   efficient sort with lanes      3.15     23.6
//
// Peeling compares each row with all that are left, until one dominates it, once per front. The
// efficient sort (doi:10.1109/TEVC.2014.2308305) takes rows in lexicographic order: each meets only
// members of fronts, and needs no second look. A binary search over fronts saves most fronts. What
// is left is the scan of one front for a member that dominates the row. Lanes compare 32 members at
// once by places among the values, which 16 bits hold, without a branch inside a block.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <numeric>
#include <random>
#include <vector>

namespace {

constexpr std::size_t kRows = 10'000;
constexpr std::size_t kLanes = 32;

using Places = std::vector<std::vector<std::int16_t>>;  // objective by objective
using Ranks = std::vector<int>;

bool dominates(const Places& places, std::size_t i, std::size_t j) {  // no two values are equal
  for (const auto& objective : places) {
    if (objective[i] > objective[j]) return false;
  }
  return i != j;
}

Ranks by_peeling(const Places& places) {
  Ranks ranks(kRows, -1);
  std::vector<std::size_t> left(kRows);
  std::iota(left.begin(), left.end(), std::size_t{0});
  for (int rank = 0; !left.empty(); ++rank) {
    std::vector<std::size_t> behind;
    for (const std::size_t j : left) {
      const bool open = std::none_of(left.begin(), left.end(),
                                     [&](std::size_t i) { return dominates(places, i, j); });
      if (open) {
        ranks[j] = rank;
      } else {
        behind.push_back(j);
      }
    }
    left = std::move(behind);
  }
  return ranks;
}

// Fronts that can tell whether some member dominates a row, and take new members.
template <class Front>
Ranks by_fronts(const Places& places) {
  std::vector<std::size_t> order(kRows);
  for (std::size_t i = 0; i < kRows; ++i) order[static_cast<std::size_t>(places[0][i])] = i;
  Ranks ranks(kRows);
  std::vector<Front> fronts;
  for (const std::size_t row : order) {
    const auto open = std::partition_point(fronts.begin(), fronts.end(), [&](const Front& front) {
      return front.dominates(places, row);
    });
    const auto rank = static_cast<std::size_t>(open - fronts.begin());
    if (rank == fronts.size()) fronts.emplace_back();
    fronts[rank].add(places, row);
    ranks[row] = static_cast<int>(rank);
  }
  return ranks;
}

struct List {
  std::vector<std::size_t> members;

  bool dominates(const Places& places, std::size_t row) const {
    return std::any_of(members.rbegin(), members.rend(),
                       [&](std::size_t i) { return ::dominates(places, i, row); });
  }
  void add(const Places&, std::size_t row) { members.push_back(row); }
};

// Blocks of members, objective by objective; empty lanes hold the largest place.
struct Blocks {
  std::vector<std::int16_t> lanes;
  std::size_t size = 0;

  bool dominates(const Places& places, std::size_t row) const {
    const std::size_t width = places.size() - 1;
    for (std::size_t b = (size + kLanes - 1) / kLanes; b-- > 0;) {
      std::int16_t larger[kLanes] = {};
      for (std::size_t k = 0; k < width; ++k) {
        const std::int16_t* const members = lanes.data() + (b * width + k) * kLanes;
        const std::int16_t own = places[k + 1][row];
        for (std::size_t l = 0; l < kLanes; ++l) {
          larger[l] = static_cast<std::int16_t>(larger[l] | (own - members[l]));
        }
      }
      std::int16_t all = -1;
      for (std::size_t l = 0; l < kLanes; ++l) all = static_cast<std::int16_t>(all & larger[l]);
      if (all >= 0) return true;
    }
    return false;
  }
  void add(const Places& places, std::size_t row) {
    const std::size_t width = places.size() - 1;
    const std::size_t block = size / kLanes * width * kLanes;
    if (size % kLanes == 0) lanes.resize(block + width * kLanes, INT16_MAX);
    for (std::size_t k = 0; k < width; ++k) {
      lanes[block + k * kLanes + size % kLanes] = places[k + 1][row];
    }
    ++size;
  }
};

double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

Ranks print_time(const char* name, Ranks (*sort)(const Places&), const Places& places) {
  const double start = cpu_ms();
  Ranks ranks = sort(places);
  std::printf("%-26s %zu objectives %9.2f ms\n", name, places.size(), cpu_ms() - start);
  return ranks;
}

}  // namespace

int main() {
  std::mt19937_64 generator(1);
  for (const std::size_t m : {3U, 5U}) {
    Places places(m, std::vector<std::int16_t>(kRows));
    for (auto& objective : places) {
      std::iota(objective.begin(), objective.end(), std::int16_t{0});
      std::shuffle(objective.begin(), objective.end(), generator);
    }
    const Ranks ranks = print_time("peeling", by_peeling, places);
    const bool same = ranks == print_time("efficient sort", by_fronts<List>, places) &&
                      ranks == print_time("efficient sort with lanes", by_fronts<Blocks>, places);
    if (!same) return 1;
  }
}
