// A k-d tree with halves along the widest side of the box (Friedman, Bentley, Finkel 1977,
// doi:10.1145/355744.355745). O(n log n) time, O(n + n m / leaf) memory.
#include "moo/indicators/box_tree.hpp"

#include <algorithm>
#include <numeric>

namespace pyhwnas::moo {

BoxTree::BoxTree(MatrixView<const double> rows, std::size_t leaf_rows, const Checkpoint& checkpoint)
    : rows_(rows),
      leaf_rows_(static_cast<std::uint32_t>(std::min(leaf_rows, rows.rows()))),
      order_(rows.rows()),
      keys_(rows.rows()),
      checkpoint_(checkpoint) {
  std::iota(order_.begin(), order_.end(), 0U);
  const std::size_t n_nodes = 2 * ((rows.rows() + leaf_rows_ - 1) / leaf_rows_);
  nodes_.reserve(n_nodes);
  boxes_.reserve(n_nodes * 2 * rows.cols());
  build(0, static_cast<std::uint32_t>(rows.rows()));
  keys_ = {};
}

void BoxTree::build(std::uint32_t begin, std::uint32_t end) {
  const std::size_t node = nodes_.size();
  const std::uint32_t axis = add_box(begin, end);
  nodes_.push_back({begin, end, 0, axis});
  if (end - begin <= leaf_rows_) return;
  if (checkpoint_) checkpoint_();
  const std::uint32_t middle = halve(begin, end, axis);
  build(begin, middle);
  nodes_[node].right = static_cast<std::uint32_t>(nodes_.size());
  build(middle, end);
}

// Appends the box around some rows; returns its widest axis.
std::uint32_t BoxTree::add_box(std::uint32_t begin, std::uint32_t end) {
  const std::size_t m = rows_.cols();
  const std::size_t at = boxes_.size();
  boxes_.resize(at + 2 * m);
  double* low = boxes_.data() + at;
  double* high = low + m;
  std::copy_n(rows_.data() + order_[begin] * m, m, low);
  std::copy_n(low, m, high);
  for (std::uint32_t i = begin + 1; i < end; ++i) {
    const double* row = rows_.data() + order_[i] * m;
    for (std::size_t k = 0; k < m; ++k) {
      low[k] = row[k] < low[k] ? row[k] : low[k];
      high[k] = row[k] > high[k] ? row[k] : high[k];
    }
  }
  std::size_t widest = 0;
  for (std::size_t k = 1; k < m; ++k) {
    // Halves, because the difference of two finite numbers can overflow.
    if (high[k] / 2 - low[k] / 2 > high[widest] / 2 - low[widest] / 2) widest = k;
  }
  return static_cast<std::uint32_t>(widest);
}

// Puts the lower half along the axis, in whole leaves, before the upper one; returns where that
// begins.
std::uint32_t BoxTree::halve(std::uint32_t begin, std::uint32_t end, std::uint32_t axis) {
  const std::uint32_t n_leaves = (end - begin + leaf_rows_ - 1) / leaf_rows_;
  const std::uint32_t middle = begin + n_leaves / 2 * leaf_rows_;
  const auto at = [this](std::uint32_t place) {
    return keys_.begin() + static_cast<std::ptrdiff_t>(place);
  };
  for (std::uint32_t i = begin; i < end; ++i) keys_[i] = {rows_(order_[i], axis), order_[i]};
  std::nth_element(at(begin), at(middle), at(end),
                   [](const Key& a, const Key& b) { return a.value < b.value; });
  for (std::uint32_t i = begin; i < end; ++i) order_[i] = keys_[i].row;
  return middle;
}

}  // namespace pyhwnas::moo
