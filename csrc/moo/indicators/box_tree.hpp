// Rows in a binary tree of bounding boxes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

class BoxTree {
 public:
  struct Node {
    std::uint32_t begin;  // rows order()[begin], ..., order()[end - 1]
    std::uint32_t end;
    std::uint32_t right;  // second child; the first one is the next node. 0: a leaf
    std::uint32_t axis;   // along which the second child lies above the first
  };

  // Leaves of at most `leaf_rows`; at least one row, fewer than 2^31.
  BoxTree(MatrixView<const double> rows, std::size_t leaf_rows, const Checkpoint& checkpoint);

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<std::uint32_t>& order() const { return order_; }
  // The node's lowest value in each column, then its highest ones.
  const double* box(std::size_t node) const { return boxes_.data() + node * 2 * rows_.cols(); }

 private:
  struct Key {
    double value;
    std::uint32_t row;
  };

  void build(std::uint32_t begin, std::uint32_t end);
  std::uint32_t add_box(std::uint32_t begin, std::uint32_t end);
  std::uint32_t halve(std::uint32_t begin, std::uint32_t end, std::uint32_t axis);

  MatrixView<const double> rows_;
  std::uint32_t leaf_rows_;
  std::vector<std::uint32_t> order_;
  std::vector<Node> nodes_;
  std::vector<double> boxes_;
  std::vector<Key> keys_;
  const Checkpoint& checkpoint_;
};

}  // namespace pyhwnas::moo
