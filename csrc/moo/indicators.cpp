#include "pyhwnas/moo/indicators.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace pyhwnas::moo {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

double igd(MatrixView<const double> F, MatrixView<const double> R, int /*threads*/,
           const Checkpoint& /*checkpoint*/) {
  double sum = 0.0;
  for (std::size_t r = 0; r < R.rows(); ++r) {
    double nearest = kInfinity;
    for (std::size_t i = 0; i < F.rows(); ++i) {
      double square = 0.0;
      for (std::size_t k = 0; k < F.cols(); ++k) square += std::pow(F(i, k) - R(r, k), 2);
      nearest = std::min(nearest, square);
    }
    sum += std::sqrt(nearest);
  }
  return sum / static_cast<double>(R.rows());
}

double igd_plus(MatrixView<const double> F, MatrixView<const double> R, int /*threads*/,
                const Checkpoint& /*checkpoint*/) {
  double sum = 0.0;
  for (std::size_t r = 0; r < R.rows(); ++r) {
    double nearest = kInfinity;
    for (std::size_t i = 0; i < F.rows(); ++i) {
      double square = 0.0;
      for (std::size_t k = 0; k < F.cols(); ++k) {
        square += std::pow(std::max(F(i, k) - R(r, k), 0.0), 2);
      }
      nearest = std::min(nearest, square);
    }
    sum += std::sqrt(nearest);
  }
  return sum / static_cast<double>(R.rows());
}

double epsilon_additive(MatrixView<const double> F, MatrixView<const double> R, int /*threads*/,
                        const Checkpoint& /*checkpoint*/) {
  double worst = -kInfinity;
  for (std::size_t r = 0; r < R.rows(); ++r) {
    double nearest = kInfinity;
    for (std::size_t i = 0; i < F.rows(); ++i) {
      double largest = -kInfinity;
      for (std::size_t k = 0; k < F.cols(); ++k) largest = std::max(largest, F(i, k) - R(r, k));
      nearest = std::min(nearest, largest);
    }
    worst = std::max(worst, nearest);
  }
  return worst;
}

double epsilon_multiplicative(MatrixView<const double> F, MatrixView<const double> R,
                              int /*threads*/, const Checkpoint& /*checkpoint*/) {
  double worst = -kInfinity;
  for (std::size_t r = 0; r < R.rows(); ++r) {
    double nearest = kInfinity;
    for (std::size_t i = 0; i < F.rows(); ++i) {
      double largest = -kInfinity;
      for (std::size_t k = 0; k < F.cols(); ++k) largest = std::max(largest, F(i, k) / R(r, k));
      nearest = std::min(nearest, largest);
    }
    worst = std::max(worst, nearest);
  }
  return worst;
}

double r2(MatrixView<const double> F, std::span<const double> ideal,
          MatrixView<const double> weights, int /*threads*/, const Checkpoint& /*checkpoint*/) {
  double sum = 0.0;
  for (std::size_t w = 0; w < weights.rows(); ++w) {
    double nearest = kInfinity;
    for (std::size_t i = 0; i < F.rows(); ++i) {
      double largest = 0.0;
      for (std::size_t k = 0; k < F.cols(); ++k) {
        largest = std::max(largest, weights(w, k) * std::abs(F(i, k) - ideal[k]));
      }
      nearest = std::min(nearest, largest);
    }
    sum += nearest;
  }
  return sum / static_cast<double>(weights.rows());
}

}  // namespace pyhwnas::moo
