// Four objectives, from the plain idea to the kernel: time on a sphere, one thread, milliseconds.
//
//   g++ -std=c++20 -O3 -march=x86-64-v2 -Icsrc bench/ladder/hypervolume/four_objectives.cpp
//       csrc/simd/level.cpp -o /tmp/ladder && /tmp/ladder
//
//   rows                                     100     1000     10000
//   slabs                                   0.42     46.3
//   limited sets                            0.22     25.7
//   cells, copied                           0.029     1.90     63.5
//   cells, holders by number, wide scan     0.012     0.29      7.4
//   the same with the baseline's vectors    0.023     0.49     20.8
//
// All sweep from the longest last side to the shortest. Slabs recompute the volume in three sides
// for every row; limited sets compute only what a row adds, from all rows before; cells find the
// few corners of the free region that the row reaches, and change nothing else. The scan for them
// is then most of the work, and one that vectors do well; what is left is moving little memory, so
// a corner names the rows that hold it instead of copying them.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include "moo/hypervolume/free_cells.hpp"

namespace {

using Box = std::array<double, 4>;
constexpr double kEndless = std::numeric_limits<double>::infinity();

// Volume in the first three sides: a staircase in a tree, swept along the third side.
double volume_of_three(std::vector<Box> boxes) {
  std::sort(boxes.begin(), boxes.end(), [](const Box& a, const Box& b) { return a[2] > b[2]; });
  std::map<double, double> corners = {{0.0, kEndless}, {kEndless, 0.0}};
  double volume = 0.0;
  for (const Box& box : boxes) {
    auto at = corners.lower_bound(box[0]);
    if (at->second >= box[1]) continue;
    double floor = at->second;
    if (at->first == box[0]) at = corners.erase(at);
    double right = box[0];
    double area = 0.0;
    for (--at; at->second <= box[1]; at = std::prev(corners.erase(at))) {
      area += (right - at->first) * (box[1] - floor);
      right = at->first;
      floor = at->second;
    }
    area += (right - at->first) * (box[1] - floor);
    corners.emplace_hint(std::next(at), box[0], box[1]);
    volume += area * box[2];
  }
  return volume;
}

double by_slabs(const std::vector<Box>& boxes) {
  double volume = 0.0;
  std::vector<Box> so_far;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    so_far.push_back(boxes[i]);
    const double next = i + 1 < boxes.size() ? boxes[i + 1][3] : 0.0;
    volume += volume_of_three(so_far) * (boxes[i][3] - next);
  }
  return volume;
}

double by_limited_sets(const std::vector<Box>& boxes) {
  double volume = 0.0;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const Box& own = boxes[i];
    std::vector<Box> limited(boxes.begin(), boxes.begin() + static_cast<std::ptrdiff_t>(i));
    for (Box& box : limited) {
      for (std::size_t k = 0; k < 3; ++k) box[k] = std::min(box[k], own[k]);
    }
    volume += (own[0] * own[1] * own[2] - volume_of_three(std::move(limited))) * own[3];
  }
  return volume;
}

// Cells with copies of all that holds them, found one at a time.
double by_copied_cells(const std::vector<Box>& boxes) {
  struct Cell {
    double z[3][3];  // z[k]: the sides of the row that holds side k
  };
  std::vector<Cell> cells(1);
  for (std::size_t k = 0; k < 3; ++k) {
    for (std::size_t j = 0; j < 3; ++j) cells[0].z[k][j] = j == k ? 0.0 : kEndless;
  }
  double volume = 0.0;
  for (const Box& p : boxes) {
    double gain = 0.0;
    std::vector<Cell> reached;
    std::erase_if(cells, [&](const Cell& cell) {
      const bool below = cell.z[0][0] < p[0] && cell.z[1][1] < p[1] && cell.z[2][2] < p[2];
      if (below) reached.push_back(cell);
      return below;
    });
    for (const Cell& cell : reached) {
      const auto& z = cell.z;
      gain += (p[0] - z[0][0]) * (std::min(p[1], z[0][1]) - z[1][1]) *
              (std::min({p[2], z[0][2], z[1][2]}) - z[2][2]);
      for (std::size_t j = 0; j < 3; ++j) {
        if (p[j] > std::min(z[(j + 1) % 3][j], z[(j + 2) % 3][j])) continue;
        cells.push_back(cell);
        std::copy_n(p.begin(), 3, cells.back().z[j]);
      }
    }
    volume += gain * p[3];
  }
  return volume;
}

double by_cells(const std::vector<Box>& boxes) {
  pyhwnas::moo::FreeCells<3> cells;
  cells.clear();
  double volume = 0.0;
  for (const Box& box : boxes) volume += cells.insert(box.data()) * box[3];
  return volume;
}

std::vector<Box> sphere(std::size_t n) {
  std::mt19937_64 generator(n);
  std::normal_distribution<double> normal;
  std::vector<Box> boxes(n);
  for (Box& box : boxes) {
    double squares = 0.0;
    for (double& x : box) {
      x = std::abs(normal(generator));
      squares += x * x;
    }
    for (double& x : box) x = 1.1 - x / std::sqrt(squares);
  }
  std::sort(boxes.begin(), boxes.end(), [](const Box& a, const Box& b) { return a[3] > b[3]; });
  return boxes;
}

double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

void print_time(const char* name, double (*volume)(const std::vector<Box>&), std::size_t n) {
  const std::vector<Box> boxes = sphere(n);
  double best = kEndless;
  double found = 0.0;
  for (int repeat = 0; repeat < 5 && (repeat == 0 || best < 500.0); ++repeat) {
    const double start = cpu_ms();
    found = volume(boxes);
    best = std::min(best, cpu_ms() - start);
  }
  std::printf("%-40s %6zu rows %10.3f ms  %.12f\n", name, n, best, found);
}

}  // namespace

int main() {
  for (const std::size_t n : {100U, 1000U, 10000U}) {
    if (n <= 1000) {
      print_time("slabs", by_slabs, n);
      print_time("limited sets", by_limited_sets, n);
    }
    print_time("cells, copied", by_copied_cells, n);
    print_time("cells, holders by number, wide scan", by_cells, n);
  }
}
