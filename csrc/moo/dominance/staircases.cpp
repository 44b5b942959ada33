// The idea and its costs stand in staircases.hpp.
#include "moo/dominance/staircases.hpp"

#include <limits>

namespace pyhwnas::moo {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

std::size_t Staircases::index_at(const std::vector<Piece>& pieces, double x) {
  const auto behind = std::upper_bound(pieces.begin() + 1, pieces.end(), x,
                                       [](double a, const Piece& b) { return a < b.first; });
  return static_cast<std::size_t>(behind - pieces.begin()) - 1;
}

Staircases::Piece Staircases::new_piece(std::uint32_t size_class) {
  Piece piece{0.0, pool_.size(), 0, size_class};
  std::vector<std::size_t>& unused = free_[size_class];
  if (unused.empty()) {
    pool_.resize(pool_.size() + 2 * piece.capacity());
  } else {
    piece.offset = unused.back();
    unused.pop_back();
  }
  std::fill_n(firsts(piece), piece.capacity(), kInfinity);
  return piece;
}

void Staircases::release(const Piece& piece) {
  free_[piece.size_class].push_back(piece.offset);
}

// Appends the steps from `begin` on to another piece, which has room for them.
void Staircases::move_steps(const Piece& from, std::size_t begin, Piece& to) {
  const std::size_t count = from.size - begin;
  std::copy_n(firsts(from) + begin, count, firsts(to) + to.size);
  std::copy_n(seconds(from) + begin, count, seconds(to) + to.size);
  to.size += static_cast<std::uint32_t>(count);
  to.first = firsts(to)[0];
}

// Fewer steps, or one more that is written afterwards.
void Staircases::resize(Piece& piece, std::size_t size) {
  if (size < piece.size) std::fill(firsts(piece) + size, firsts(piece) + piece.size, kInfinity);
  piece.size = static_cast<std::uint32_t>(size);
}

// Erases the leading steps that are not lower than y; some step is.
void Staircases::erase_front_steps(Piece& piece, double y) {
  double* const heights = seconds(piece);
  std::size_t count = 0;
  while (heights[count] >= y) ++count;
  if (count == 0) return;
  const std::size_t left = piece.size - count;
  std::copy_n(firsts(piece) + count, left, firsts(piece));
  std::copy_n(heights + count, left, heights);
  resize(piece, left);
  piece.first = firsts(piece)[0];
}

// Puts the step in place of those from `at` on that are not lower; there is room for it.
void Staircases::insert_step(Piece& piece, std::size_t at, double x, double y) {
  double* const xs = firsts(piece);
  double* const ys = seconds(piece);
  std::size_t end = at;
  while (end < piece.size && ys[end] >= y) ++end;
  const std::size_t tail = piece.size - end;
  if (end > at + 1) {
    std::copy_n(xs + end, tail, xs + at + 1);
    std::copy_n(ys + end, tail, ys + at + 1);
  } else if (end == at) {
    for (std::size_t k = piece.size; k > at; --k) {  // mostly few
      xs[k] = xs[k - 1];
      ys[k] = ys[k - 1];
    }
  }
  resize(piece, at + 1 + tail);
  xs[at] = x;
  ys[at] = y;
  piece.first = xs[0];
}

// The steps behind a piece that (x, y) covers, where it covers the rest of the piece.
void Staircases::erase_covered_behind(Front& front, std::size_t index, double y) {
  std::vector<Piece>& pieces = *front.many;
  std::size_t next = index + 1;
  while (next < pieces.size() && seconds(pieces[next])[pieces[next].size - 1] >= y) {
    release(pieces[next++]);
  }
  pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(index) + 1,
               pieces.begin() + static_cast<std::ptrdiff_t>(next));
  if (index + 1 < pieces.size()) erase_front_steps(pieces[index + 1], y);
}

void Staircases::insert(std::size_t front_index, double x, double y) {
  if (front_index == fronts_.size()) fronts_.push_back({new_piece(0), nullptr});
  Front& front = fronts_[front_index];
  std::size_t index = front.many ? index_at(*front.many, x) : 0;
  Piece* piece = front.many ? &(*front.many)[index] : &front.only;
  // Steps at x itself are higher than y, or they would cover the point: they go.
  const double* const xs = firsts(*piece);
  std::size_t at = count(xs, piece->capacity(), x, std::less<>{});
  if (piece->size == piece->capacity() && piece->size_class + 1 < kClasses) {
    Piece larger = new_piece(piece->size_class + 1);
    move_steps(*piece, 0, larger);
    release(*piece);
    *piece = larger;
  } else if (piece->size == piece->capacity()) {
    if (!front.many) {
      front.many = std::make_unique<std::vector<Piece>>(1, front.only);
    }
    Piece upper = new_piece(kClasses - 1);
    Piece& lower = (*front.many)[index];
    const std::size_t half = lower.size / 2;
    move_steps(lower, half, upper);
    resize(lower, half);
    front.many->insert(front.many->begin() + static_cast<std::ptrdiff_t>(index) + 1, upper);
    if (at > half) {
      at -= half;
      ++index;
    }
    piece = &(*front.many)[index];
  }
  insert_step(*piece, at, x, y);
  if (front.many && at + 1 == piece->size) erase_covered_behind(front, index, y);
}

}  // namespace pyhwnas::moo
