// Sampling whole lattices: what estimates of volumes and of contributions have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "moo/hypervolume/ray_schedule.hpp"
#include "moo/hypervolume/rays.hpp"
#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// The rows within the reference point that no other dominates, one of equal ones.
Points nondominated_points(MatrixView<const double> F, std::span<const double> ref, int threads,
                           const Checkpoint& checkpoint);

// The rows within the reference point that at most one other dominates: the first or second that a
// ray can meet.
Points contributing_points(MatrixView<const double> F, std::span<const double> ref, int threads,
                           const Checkpoint& checkpoint);

struct Moments {
  double mean;
  double mean_square;
};

// Means over each lattice of the volumes that its rays stand for. Lattices are numbered from 0, the
// stream and the ball tell them apart.
std::vector<Moments> sample_volumes(const Points& points, Gauge gauge, const Lattices& lattices,
                                    std::uint64_t stream, int threads,
                                    const Checkpoint& checkpoint);

// The ball from whose directions the samples vary least, by a pilot of its own.
Gauge choose_gauge(const Points& points, const Lattices& pilot, std::uint64_t seed, int threads,
                   const Checkpoint& checkpoint);

}  // namespace pyhwnas::moo
