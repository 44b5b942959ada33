// For each query, the least measure of any row, where a measure grows with the distance in each
// coordinate: what the indicators of two sets have in common.
//
// The idea. The rows lie in a tree of bounding boxes. The queries are put in the order of such a
// tree as well, so that eight that follow each other lie close together; they go down the rows'
// tree as one packet, one query in each lane of a vector. A box is left out when for none of the
// eight it can hold something nearer than what they have. Rounding is monotone, so the measure of a
// box, computed by the same operations as that of a row, is never above that of a row in the box:
// neither leaving boxes out nor the order of the search changes a bit of the result.
//
// O((n + q) log(n + q)) time to build; then, for each query, O(log n) rows are met in few
// dimensions and all of them at worst. O((n + q) m) memory.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "moo/indicators/box_tree.hpp"
#include "moo/indicators/curve_order.hpp"
#include "moo/lanes.hpp"
#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// Copies of some rows.
inline std::vector<double> rows_of(MatrixView<const double> matrix,
                                   std::span<const std::uint32_t> rows) {
  std::vector<double> copies(rows.size() * matrix.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(matrix.data() + rows[i] * matrix.cols(), matrix.cols(),
                copies.data() + i * matrix.cols());
  }
  return copies;
}

// A measure starts at kStart and adds one coordinate after the other:
//   add(sum, x, query)               for a row's coordinate x
//   add_box(sum, low, high, query)   for the coordinates of all rows in a box: at most add's
// kOnlyLargest: the caller wants the largest value over queries alone, so a query may end as soon
// as it is no larger than another one's.
template <class Measure>
class Nearest {
 public:
  // Where there are few queries or rows, trees cost more than they save.
  Nearest(MatrixView<const double> rows, MatrixView<const double> queries,
          const Checkpoint& checkpoint)
      : m_(rows.cols()),
        n_queries_(queries.rows()),
        tree_(rows, queries.rows() < kFew ? rows.rows() : kLeafRows, checkpoint),
        query_order_(order_of(queries, rows.rows(), checkpoint)),
        rows_(rows.rows() * m_),
        packets_((n_queries_ + kLanes - 1) / kLanes * m_) {
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      std::copy_n(rows.data() + tree_.order()[i] * m_, m_, rows_.data() + i * m_);
    }
    // The last packet is filled up with its last query.
    for (std::size_t i = 0; i < packets_.size() / m_ * kLanes; ++i) {
      const double* query = queries.data() + query_order_[std::min(i, n_queries_ - 1)] * m_;
      for (std::size_t k = 0; k < m_; ++k)
        packets_[i / kLanes * m_ + k].lanes[i % kLanes] = query[k];
    }
  }

  // nearest[q] for every query q; with kOnlyLargest an upper bound of it, exact where it is
  // largest.
  void search(std::span<double> nearest, int threads, const Checkpoint& checkpoint,
              double enough = -std::numeric_limits<double>::infinity()) const {
    const std::size_t n_packets = packets_.size() / m_;
    const std::size_t n_blocks = (n_packets + kPacketsPerBlock - 1) / kPacketsPerBlock;
    std::atomic<double> largest{enough};
    const auto search_block = [&](std::size_t block, int, const Checkpoint& poll) {
      const std::size_t begin = block * kPacketsPerBlock;
      const std::size_t end = std::min(n_packets, begin + kPacketsPerBlock);
      std::size_t n_met = 0;
      with_lanes([&](auto n) __attribute__((always_inline)) {
        for (std::size_t p = begin; p < end; ++p) {
          Packet best;
          search_packet<n>(packets_.data() + p * m_, best, largest, n_met, poll);
          for (std::size_t i = 0; i < kLanes && p * kLanes + i < n_queries_; ++i) {
            nearest[query_order_[p * kLanes + i]] = best.lanes[i];
          }
        }
      });
    };
    parallel_for(n_blocks, threads, search_block, checkpoint);
  }

 private:
  // The curve is faster to build, the tree keeps rows of many columns closer together.
  static std::vector<std::uint32_t> order_of(MatrixView<const double> queries, std::size_t n_rows,
                                             const Checkpoint& checkpoint) {
    if (n_rows >= kFew && queries.cols() <= 4) return curve_order(queries);
    return BoxTree(queries, n_rows < kFew ? queries.rows() : kLanes, checkpoint).order();
  }

  static constexpr std::size_t kFew = 32;
  static constexpr std::size_t kLeafRows = 8;
  static constexpr std::size_t kPacketsPerBlock = 64;
  static constexpr std::size_t kRowsPerPoll = 1 << 17;
  // Trees halve fewer than 2^31 rows.
  static constexpr std::size_t kDeepest = 64;

  struct Waiting {
    Packet bound;
    std::uint32_t node;
  };

  template <std::size_t n>
  [[gnu::always_inline]] void bound_of(std::uint32_t node, const Packet* query,
                                       Lanes<n>& bound) const {
    const double* low = tree_.box(node);
    bound.fill(Measure::kStart);
    for (std::size_t k = 0; k < m_; ++k) {
      Lanes<n> q;
      q.load(query[k]);
      for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
        Measure::add_box(bound.at[i], low[k], low[m_ + k], q.at[i]);
      }
    }
  }

  template <std::size_t n>
  [[gnu::always_inline]] void search_leaf(const BoxTree::Node& leaf, const Packet* query,
                                          Lanes<n>& best) const {
    const double* row = rows_.data() + leaf.begin * m_;
    for (std::uint32_t r = leaf.begin; r < leaf.end; ++r, row += m_) {
      Lanes<n> sum;
      sum.fill(Measure::kStart);
      for (std::size_t k = 0; k < m_; ++k) {
        Lanes<n> q;
        q.load(query[k]);
        for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
          Measure::add(sum.at[i], row[k] + typename Lanes<n>::Register{}, q.at[i]);
        }
      }
      best.lower_to(sum);
    }
  }

  // Depth first, the nearer child before the other.
  template <std::size_t n>
  [[gnu::always_inline]] void search_packet(const Packet* query, Packet& result,
                                            std::atomic<double>& largest, std::size_t& n_met,
                                            const Checkpoint& poll) const {
    Waiting stack[kDeepest];
    std::size_t height = 0;
    std::uint32_t node = 0;
    Lanes<n> best;
    best.fill(std::numeric_limits<double>::infinity());
    for (;;) {
      const BoxTree::Node& here = tree_.nodes()[node];
      n_met += here.right == 0 ? here.end - here.begin : 2;
      if (poll && n_met >= kRowsPerPoll) {
        poll();
        n_met = 0;
      }
      if (here.right != 0) {
        Lanes<n> left_bound;
        Lanes<n> right_bound;
        bound_of<n>(node + 1, query, left_bound);
        bound_of<n>(here.right, query, right_bound);
        const bool left_can = left_bound.any_less(best);
        const bool right_can = right_bound.any_less(best);
        if (left_can && right_can) {
          const bool left_first = goes_left(node, query, left_bound.at[0][0], right_bound.at[0][0]);
          (left_first ? right_bound : left_bound).store(stack[height].bound);
          stack[height++].node = left_first ? here.right : node + 1;
          node = left_first ? node + 1 : here.right;
          continue;
        }
        if (left_can || right_can) {
          node = left_can ? node + 1 : here.right;
          continue;
        }
      } else {
        search_leaf<n>(here, query, best);
        if constexpr (Measure::kOnlyLargest) {
          Lanes<n> enough;
          enough.fill(largest.load(std::memory_order_relaxed));
          if (!enough.any_less(best)) break;
        }
      }
      Lanes<n> bound;
      for (; height > 0; --height) {
        bound.load(stack[height - 1].bound);
        if (bound.any_less(best)) break;
      }
      if (height == 0) break;
      node = stack[--height].node;
    }
    best.store(result);
    if constexpr (Measure::kOnlyLargest) raise(largest, result);
  }

  // The first lane speaks for the packet: the order is a matter of speed alone.
  [[gnu::always_inline]] bool goes_left(std::uint32_t node, const Packet* query, double left_bound,
                                        double right_bound) const {
    if (left_bound != right_bound) return left_bound < right_bound;
    const std::uint32_t axis = tree_.nodes()[node].axis;
    return query[axis].lanes[0] < tree_.box(node + 1)[m_ + axis];
  }

  [[gnu::always_inline]] static void raise(std::atomic<double>& largest, const Packet& best) {
    const double top = *std::max_element(best.lanes.begin(), best.lanes.end());
    double seen = largest.load(std::memory_order_relaxed);
    while (seen < top && !largest.compare_exchange_weak(seen, top, std::memory_order_relaxed)) {
    }
  }

  std::size_t m_;
  std::size_t n_queries_;
  BoxTree tree_;
  std::vector<std::uint32_t> query_order_;
  std::vector<double> rows_;
  std::vector<Packet> packets_;
};

}  // namespace pyhwnas::moo
