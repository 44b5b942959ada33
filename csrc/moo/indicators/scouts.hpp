// Queries that need no search: those for which some row of a handful is good enough already.
//
// The handful, the scouts, are the rows nearest to a sample of queries. For most queries one of
// them is enough where little is asked: a shift that is no larger than the largest one known so
// far, or being covered at all. The rest is left to a search among all rows. O(s n m) time for s
// scouts and the sample, O(s m) for a query.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "moo/lanes.hpp"
#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// Measures are those of nearest.hpp. Good enough is what is no larger than `enough`; with
// kOnlyLargest that rises to the largest value in the sample, less the share `slack` of it: where a
// measure is an estimate, the query with the largest value must not be settled.
template <class Measure>
class Scouts {
 public:
  static constexpr std::size_t kScouts = 64;
  static constexpr std::size_t kFewestQueries = 4 * kScouts;

  Scouts(MatrixView<const double> rows, MatrixView<const double> queries, double enough,
         const Checkpoint& checkpoint, double slack = 0.0)
      : rows_(rows), queries_(queries), enough_(enough), slack_(slack), checkpoint_(checkpoint) {}

  double enough() const { return enough_; }

  // The queries that no scout settles, in no particular order.
  //
  // The first sample is spread over all queries. Where the caller wants the largest value, more
  // rounds follow with those that are furthest from all scouts: they are likely to raise what is
  // enough, and in any case the rows nearest to them make new scouts.
  //
  // sift(left, enough) may take more queries off the list once the first sample is known;
  // a caller that knows queries with large values may give kScouts of them as that sample.
  template <class Sift>
  std::vector<std::uint32_t> unsettled(const Sift& sift, std::vector<std::uint32_t> sample = {}) {
    std::vector<std::uint32_t> left(queries_.rows());
    std::iota(left.begin(), left.end(), 0U);
    if (left.size() < kFewestQueries) return left;
    bounds_.assign(left.size(), std::numeric_limits<double>::infinity());
    if (sample.empty()) {
      for (std::size_t i = 0; i < kScouts; ++i) {
        sample.push_back(static_cast<std::uint32_t>(i * (left.size() - 1) / (kScouts - 1)));
      }
    }
    for (std::size_t round = 0;; ++round) {
      const std::size_t n_before = left.size();
      if (!send(sample)) return left;
      if (round == 0) sift(left, enough_);
      ask(left);
      if (!Measure::kOnlyLargest || left.size() < kFewestQueries ||
          (round > 0 && left.size() > n_before - n_before / 4)) {
        return left;
      }
      std::nth_element(left.begin(), left.begin() + kScouts, left.end(),
                       [this](std::uint32_t a, std::uint32_t b) {
                         return bounds_[a] != bounds_[b] ? bounds_[a] > bounds_[b] : a < b;
                       });
      std::copy_n(left.begin(), kScouts, sample.begin());
    }
  }

  std::vector<std::uint32_t> unsettled() {
    return unsettled([](std::vector<std::uint32_t>&, double) {});
  }

 private:
  static constexpr std::size_t kQueriesPerPoll = 1 << 14;
  static constexpr std::size_t kRowsPerPoll = 1 << 20;
  static constexpr std::size_t kRowsPerScan = 1 << 8;

  // Makes scouts of the rows nearest to a sample of queries; false where they would settle few.
  bool send(const std::vector<std::uint32_t>& sample) {
    const std::size_t m = rows_.cols();
    std::vector<std::uint32_t> nearest;
    std::vector<Packet> query(m);
    std::size_t n_settled = 0;
    for (std::size_t first = 0; first < kScouts; first += kLanes) {
      for (std::size_t i = 0; i < kLanes; ++i) {
        for (std::size_t k = 0; k < m; ++k) query[k].lanes[i] = queries_(sample[first + i], k);
      }
      Packet best;
      Packet at;
      best.lanes.fill(std::numeric_limits<double>::infinity());
      at.lanes.fill(0.0);
      for (std::size_t begin = 0; begin < rows_.rows(); begin += kRowsPerScan) {
        if (begin % kRowsPerPoll == 0 && checkpoint_) checkpoint_();
        const std::size_t end = std::min(rows_.rows(), begin + kRowsPerScan);
        with_lanes([&](auto n) __attribute__((always_inline)) {
          scan<n>(query.data(), begin, end, best, at);
        });
        // A scout that is enough for its query will do as well as the nearest one.
        if (Measure::kOnlyLargest &&
            *std::max_element(best.lanes.begin(), best.lanes.end()) <= enough_) {
          break;
        }
      }
      for (std::size_t i = 0; i < kLanes; ++i) {
        nearest.push_back(static_cast<std::uint32_t>(at.lanes[i]));
        n_settled += best.lanes[i] <= enough_;
        if (Measure::kOnlyLargest) {
          enough_ = std::max(enough_, best.lanes[i] - slack_ * best.lanes[i]);
        }
      }
    }
    if (!Measure::kOnlyLargest && n_settled < kScouts / 2) return false;
    pack(nearest);
    return true;
  }

  // Leaves the queries that are not settled.
  void ask(std::vector<std::uint32_t>& left) {
    std::size_t n_left = 0;
    for (std::size_t begin = 0; begin < left.size(); begin += kQueriesPerPoll) {
      if (checkpoint_) checkpoint_();
      const std::size_t end = std::min(left.size(), begin + kQueriesPerPoll);
      with_lanes([&](auto n) __attribute__((always_inline)) {
        for (std::size_t i = begin; i < end; ++i) {
          const std::uint32_t q = left[i];
          if (bounds_[q] <= enough_) continue;
          bounds_[q] = bound<n>(queries_.data() + q * queries_.cols(), bounds_[q]);
          if (bounds_[q] > enough_) left[n_left++] = q;
        }
      });
    }
    left.resize(n_left);
  }

  void pack(std::vector<std::uint32_t>& nearest) {
    const std::size_t m = rows_.cols();
    std::sort(nearest.begin(), nearest.end());
    nearest.erase(std::unique(nearest.begin(), nearest.end()), nearest.end());
    scouts_.resize((nearest.size() + kLanes - 1) / kLanes * m);
    blocks_.resize(scouts_.size() / m);
    std::iota(blocks_.begin(), blocks_.end(), 0U);
    for (std::size_t i = 0; i < blocks_.size() * kLanes; ++i) {
      const double* row = rows_.data() + nearest[i % nearest.size()] * m;
      for (std::size_t k = 0; k < m; ++k) scouts_[i / kLanes * m + k].lanes[i % kLanes] = row[k];
    }
  }

  // The least measure of some rows for eight queries, and the number of the row.
  template <std::size_t n>
  [[gnu::always_inline]] void scan(const Packet* query, std::size_t begin, std::size_t end,
                                   Packet& best_packet, Packet& at_packet) const {
    Lanes<n> best;
    Lanes<n> at;
    best.load(best_packet);
    at.load(at_packet);
    for (std::size_t r = begin; r < end; ++r) {
      const double* row = rows_.data() + r * rows_.cols();
      Lanes<n> sum;
      sum.fill(Measure::kStart);
      for (std::size_t k = 0; k < rows_.cols(); ++k) {
        Lanes<n> q;
        q.load(query[k]);
        for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
          Measure::add(sum.at[i], row[k] + typename Lanes<n>::Register{}, q.at[i]);
        }
      }
      for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
        at.at[i] = sum.at[i] < best.at[i] ? static_cast<double>(r) + typename Lanes<n>::Register{}
                                          : at.at[i];
      }
      best.lower_to(sum);
    }
    best.store(best_packet);
    at.store(at_packet);
  }

  // The least measure of any scout, or of those up to the first that is enough. Eight scouts at a
  // time; a block that settles moves towards the head of the list.
  template <std::size_t n>
  [[gnu::always_inline]] double bound(const double* query, double known) {
    const std::size_t m = rows_.cols();
    Lanes<n> enough;
    Lanes<n> best;
    enough.fill(enough_);
    best.fill(known);
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      const Packet* block = scouts_.data() + blocks_[b] * m;
      Lanes<n> sum;
      sum.fill(Measure::kStart);
      for (std::size_t k = 0; k < m; ++k) {
        Lanes<n> x;
        x.load(block[k]);
        for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
          Measure::add(sum.at[i], x.at[i], query[k] + typename Lanes<n>::Register{});
        }
      }
      if (sum.any_at_most(enough)) {
        std::swap(blocks_[b], blocks_[b / 2]);
        return enough_;
      }
      best.lower_to(sum);
    }
    Packet lanes;
    best.store(lanes);
    return *std::min_element(lanes.lanes.begin(), lanes.lanes.end());
  }

  MatrixView<const double> rows_;
  MatrixView<const double> queries_;
  double enough_;
  double slack_;
  const Checkpoint& checkpoint_;
  std::vector<Packet> scouts_;  // of block b, coordinate k: [b * m + k]
  std::vector<std::uint32_t> blocks_;
  std::vector<double> bounds_;  // of each query, the least measure of the scouts so far
};

}  // namespace pyhwnas::moo
