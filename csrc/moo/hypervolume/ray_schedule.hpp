// How samples are dealt out to lattices: the same numbers for CPU and GPU.
//
// Directions come from randomly shifted lattices of 2^k points (Cranley, Patterson 1976,
// doi:10.1137/0713071): each lattice spreads evenly, and since the shifts are independent, so are
// the means of 16 or more lattices, from which standard errors are computed. The last samples,
// fewer than a lattice, are not drawn.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "moo/hypervolume/ray_arithmetic.hpp"

namespace pyhwnas::moo {

inline constexpr std::size_t kFewestLattices = 16;
inline constexpr std::size_t kPilotLattices = 8;
inline constexpr std::size_t kPilotGauges = 3;

// The balls that a pilot tries.
PYHWNAS_HOST_DEVICE constexpr Gauge pilot_gauge(std::size_t i) {
  return i == 0 ? Gauge::sphere : i == 1 ? Gauge::cube : Gauge::simplex;
}

// A lattice is summed up in parts of so many points, part after part. Within a part eight sums take
// turns, as the lanes of a vector do.
inline constexpr std::size_t kPartSize = 1024;

struct Lattices {
  std::uint32_t log2_size;
  std::size_t count;

  std::size_t size() const { return std::size_t{1} << log2_size; }
  std::size_t part_size() const { return std::min(size(), kPartSize); }
  std::size_t parts() const { return size() / part_size(); }
};

// As large as so many of them allow.
inline Lattices lattices_of(std::size_t n_samples, std::size_t fewest) {
  const std::size_t size = std::max<std::size_t>(n_samples / fewest, 1);
  const auto log2_size =
      std::min(static_cast<std::uint32_t>(std::bit_width(size) - 1), kLargestLattice);
  return {log2_size, n_samples >> log2_size};
}

struct Schedule {
  Lattices pilot;  // for each ball; none where it would say nothing
  Lattices lattices;
};

// A pilot with 3/64 of the samples chooses the ball, if it has 16 samples for each.
inline Schedule schedule_of_rays(std::size_t n_samples) {
  constexpr std::size_t kSmallestPilot = 16;
  const std::size_t n_pilot = n_samples / 64;
  if (n_pilot < kSmallestPilot) return {{0, 0}, lattices_of(n_samples, kFewestLattices)};
  Lattices pilot = lattices_of(n_pilot, kPilotLattices);
  pilot.count = kPilotLattices;
  return {pilot, lattices_of(n_samples - 3 * n_pilot, kFewestLattices)};
}

inline Schedule schedule_of_box(std::size_t n_samples) {
  return {{0, 0}, lattices_of(n_samples, kFewestLattices)};
}

// 16 to 31 groups of as many lattices each, whose means are what is kept for each of many points;
// lattices that fill no group are left out.
struct Groups {
  std::size_t count;
  std::size_t size;  // lattices
};

inline Groups groups_of(const Lattices& lattices) {
  const std::size_t size = std::max<std::size_t>(lattices.count / kFewestLattices, 1);
  return {lattices.count / size, size};
}

// Streams of the generator: lattice number r of the samples, and of a ball's pilot.
inline std::uint64_t stream_of_samples(std::uint64_t seed) {
  return mixed(seed);
}
inline std::uint64_t stream_of_pilot(std::uint64_t seed, Gauge gauge) {
  return mixed(seed ^ mixed(1 + static_cast<std::uint64_t>(gauge)));
}

}  // namespace pyhwnas::moo
