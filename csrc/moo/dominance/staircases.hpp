// Staircases: for each of many fronts, the points of a plane that no later point of the front
// covers, sorted by the first coordinate, and so by falling second coordinate. A point lies behind
// a front if the last step at or before it is no higher than it.
//
// The steps of a front lie in pieces of up to 128, each an array of first coordinates and one of
// second coordinates in a common pool. First coordinates are followed by infinities, so that
// searches run over whole pieces. Nearly all fronts have one piece, that starts small and doubles;
// the others have a sorted list of pieces. Queries take O(log s) time among s steps; insertions
// O(log s) and a move of at most one piece, and of the list where a piece is split.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace pyhwnas::moo {

class Staircases {
 public:
  std::size_t size() const { return fronts_.size(); }

  // Whether some point of the front is nowhere larger than (x, y).
  bool covers(std::size_t front, double x, double y) const {
    const Piece& piece = piece_at(fronts_[front], x);
    const double* const xs = pool_.data() + piece.offset;
    const std::size_t all = count(xs, piece.capacity(), x, std::less_equal<>{});
    const std::size_t found = std::min<std::size_t>(all, piece.size);  // infinities may follow
    const auto any = static_cast<std::size_t>(found > 0);
    return (any & static_cast<std::size_t>(xs[piece.capacity() + found - any] <= y)) != 0;
  }

  // Adds a point that the front does not cover; a front behind the last one is made.
  void insert(std::size_t front, double x, double y);

 private:
  static constexpr std::uint32_t kSmallest = 4;  // steps
  static constexpr std::size_t kClasses = 6;     // capacities of 4 to 128 steps

  struct Piece {
    double first;  // its smallest first coordinate
    std::size_t offset;
    std::uint32_t size;
    std::uint32_t size_class;

    std::size_t capacity() const { return std::size_t{kSmallest} << size_class; }
  };

  struct Front {
    Piece only;                                // where there is one
    std::unique_ptr<std::vector<Piece>> many;  // where there are more
  };

  // How many of the sorted values come before x, without branches. The size is a power of two, and
  // mostly the same from call to call.
  template <class Before>
  static std::size_t count(const double* values, std::size_t size, double x, Before before) {
    std::size_t found = 0;
    for (std::size_t half = size / 2; half > 0; half /= 2) {
      const auto passed = static_cast<std::size_t>(before(values[found + half - 1], x));
      found += half & (std::size_t{0} - passed);
    }
    return found + static_cast<std::size_t>(before(values[found], x));
  }

  // The last piece that begins at or before x, or the first piece.
  static const Piece& piece_at(const Front& front, double x) {
    return front.many ? (*front.many)[index_at(*front.many, x)] : front.only;
  }
  static std::size_t index_at(const std::vector<Piece>& pieces, double x);

  double* firsts(const Piece& piece) { return pool_.data() + piece.offset; }
  double* seconds(const Piece& piece) { return firsts(piece) + piece.capacity(); }

  Piece new_piece(std::uint32_t size_class);
  void release(const Piece& piece);
  void move_steps(const Piece& from, std::size_t begin, Piece& to);
  void resize(Piece& piece, std::size_t size);
  void erase_front_steps(Piece& piece, double y);
  void insert_step(Piece& piece, std::size_t at, double x, double y);
  void erase_covered_behind(Front& front, std::size_t index, double y);

  std::vector<Front> fronts_;
  std::vector<double> pool_;
  std::array<std::vector<std::size_t>, kClasses> free_;  // offsets of pieces out of use
};

}  // namespace pyhwnas::moo
