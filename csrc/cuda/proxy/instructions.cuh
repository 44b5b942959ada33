// The instructions of a tape, each by all threads of a block: results are dealt out to threads in
// turn, so neighbouring threads read and write neighbouring numbers.
#pragma once

#include <cmath>

#include "cuda/proxy/scaled_arrays.cuh"
#include "proxy/activations.hpp"
#include "proxy/tape/packed_tape.hpp"
#include "pyhwnas/plan_program.hpp"

namespace pyhwnas::cuda {

using proxy::TapeView;

// Index of a result as (outer, i, inner).
struct Index {
  unsigned outer;
  unsigned i;
  unsigned inner;
};

// n / divisor; reciprocal as in Instruction.
__device__ inline unsigned quotient(unsigned n, unsigned divisor, unsigned reciprocal) {
  if (divisor == 1) return n;
  return reciprocal != 0 ? __umulhi(n, reciprocal) : n / divisor;
}

__device__ inline Index index_of(unsigned p, const proxy::Instruction& in) {
  const unsigned lines = quotient(p, static_cast<unsigned>(in.inner), in.per_inner);
  const unsigned outer = quotient(lines, static_cast<unsigned>(in.n_out), in.per_n_out);
  return {outer, lines - outer * static_cast<unsigned>(in.n_out),
          p - lines * static_cast<unsigned>(in.inner)};
}

__device__ inline unsigned size_of(const proxy::Instruction& in) {
  return static_cast<unsigned>(in.outer * in.n_out * in.inner);
}

// From sums over values and tangents to results. The tangent of W v along W is W v, so with weights
// out tangent = W v + W d, both brought to one exponent.
template <class Real>
struct Factors {
  long long value_exponent;
  long long tangent_exponent;
  Real value;
  Real tangent;
  Real inherited;
  Real bias;

  __device__ Factors(const Source<Real>& from, bool has_weights, bool has_bias, Real factor,
                     Real bias_value)
      : value_exponent(has_bias ? larger(from.value.exponent, 0) : from.value.exponent),
        tangent_exponent(has_weights ? larger(from.value.exponent, from.tangent.exponent)
                                     : from.tangent.exponent),
        value(factor * factor_to<Real>(from.value, value_exponent)),
        tangent(factor * factor_to<Real>(from.tangent, tangent_exponent)),
        inherited(has_weights ? factor * factor_to<Real>(from.value, tangent_exponent) : Real(0)),
        bias(has_bias ? bias_value * Float<Real>::power(-value_exponent) : Real(0)) {}
};

template <class Real>
__device__ void contract(const TapeView& tape, const proxy::Instruction& in,
                         const proxy::Constants& constants, const Source<Real>& from,
                         const Target<Real>& to) {
  const Factors<Real> factors(from, in.has_weights != 0, constants.bias > 0.0,
                              static_cast<Real>(constants.factor),
                              static_cast<Real>(constants.bias));
  Largest<Real> largest;
  const unsigned n = size_of(in);
  for (unsigned p = threadIdx.x; p < n; p += blockDim.x) {
    Real value = 0;
    Real tangent = 0;
    if (in.taps < 0) {
      value = from.values[p];
      tangent = from.tangents[p];
    } else {
      const Index at = index_of(p, in);
      const unsigned base = at.outer * static_cast<unsigned>(in.n_in * in.inner) + at.inner;
      const std::int32_t* const range = tape.tap_offsets + in.taps + at.i;
      const std::int32_t end = __ldg(range + 1);
      for (std::int32_t k = __ldg(range); k < end; ++k) {
        const auto weight = static_cast<Real>(__ldg(tape.tap_weights + k));
        const unsigned seen = base + static_cast<unsigned>(__ldg(tape.tap_inputs + k) * in.inner);
        value = std::fma(weight, from.values[seen], value);
        tangent = std::fma(weight, from.tangents[seen], tangent);
      }
    }
    const Real v = factors.value * value + factors.bias;
    const Real t = factors.tangent * tangent + factors.inherited * value;
    to.values[p] = v;
    to.tangents[p] = t;
    largest.note(v, t);
  }
  finish(to, largest, factors.value_exponent, factors.tangent_exponent);
}

// source(k) is the k-th operand.
template <class Real, class SourceOf>
__device__ void join(const TapeView& tape, const proxy::Instruction& in, const SourceOf& source,
                     const Target<Real>& to) {
  long long value_exponent = kExponentOfZero;
  long long tangent_exponent = kExponentOfZero;
  for (std::int32_t k = 0; k < in.n_operands; ++k) {
    const Source<Real> from = source(k);
    value_exponent = larger(value_exponent, from.value.exponent);
    tangent_exponent = larger(tangent_exponent, from.tangent.exponent);
  }
  Largest<Real> largest;
  const unsigned n = size_of(in);
  for (std::int32_t k = 0; k < in.n_operands; ++k) {
    const Source<Real> from = source(k);
    const Real value_factor = factor_to<Real>(from.value, value_exponent);
    const Real tangent_factor = factor_to<Real>(from.tangent, tangent_exponent);
    const proxy::Operand& operand = tape.operands[in.first_operand + k];
    const auto begin = static_cast<unsigned>(operand.begin);
    const auto end = begin + static_cast<unsigned>(operand.size);
    // A thread meets the same results in every operand, so it may add to what it wrote.
    for (unsigned p = threadIdx.x; p < n; p += blockDim.x) {
      if (p < begin || p >= end) continue;
      const bool is_first = k == 0 || begin > 0;
      Real v = value_factor * from.values[p - begin];
      Real t = tangent_factor * from.tangents[p - begin];
      if (!is_first) {
        v += to.values[p];
        t += to.tangents[p];
      }
      to.values[p] = v;
      to.tangents[p] = t;
      largest.note(v, t);
    }
  }
  finish(to, largest, value_exponent, tangent_exponent);
}

template <class Real>
__device__ void max_pool(const TapeView& tape, const proxy::Instruction& in,
                         const Source<Real>& from, const Target<Real>& to) {
  Largest<Real> largest;
  const unsigned n = size_of(in);
  for (unsigned p = threadIdx.x; p < n; p += blockDim.x) {
    const Index at = index_of(p, in);
    const unsigned plane = at.outer * static_cast<unsigned>(in.in_rows * in.in_columns);
    const std::int32_t* const rows = tape.tap_inputs + tape.tap_offsets[in.taps + at.i];
    const std::int32_t* const columns =
        tape.tap_inputs + tape.tap_offsets[in.column_taps + at.inner];
    Real value = -1;
    Real tangent = 0;
    for (std::int32_t i = 0; i < in.row_kernel; ++i) {
      if (rows[i] < 0) continue;
      for (std::int32_t j = 0; j < in.column_kernel; ++j) {
        if (columns[j] < 0) continue;
        const unsigned seen = plane + static_cast<unsigned>(rows[i] * in.in_columns + columns[j]);
        if (from.values[seen] <= value) continue;
        value = from.values[seen];
        tangent = from.tangents[seen];
      }
    }
    if (value < 0) value = 0;
    to.values[p] = value;
    to.tangents[p] = tangent;
    largest.note(value, tangent);
  }
  // Stored numbers are taken over as they are, so the exponents are those before normalisation.
  finish(to, largest, from.value.exponent + from.value.shift,
         from.tangent.exponent + from.tangent.shift);
}

template <class Activation, class Real>
__device__ void apply(const Activation& activation, unsigned n, const Source<Real>& from,
                      const Target<Real>& to) {
  constexpr long long kMost = Float<Real>::kMostExponent;
  const Real down = Float<Real>::power(from.value.shift);
  const Real magnitude = Float<Real>::power(larger(-kMost, -larger(-kMost, -from.value.exponent)));
  const Real tangent_down = Float<Real>::power(from.tangent.shift);
  Largest<Real> largest;
  for (unsigned p = threadIdx.x; p < n; p += blockDim.x) {
    const Real value = down * from.values[p];
    const auto [height, slope] = activation(magnitude * value);
    const Real v = Activation::is_ratio ? height * value : height;
    const Real t = slope * (tangent_down * from.tangents[p]);
    to.values[p] = v;
    to.tangents[p] = t;
    largest.note(v, t);
  }
  finish(to, largest, Activation::is_ratio ? from.value.exponent : 0, from.tangent.exponent);
}

template <class Real>
__device__ void activate(const proxy::Instruction& in, const Source<Real>& from,
                         const Target<Real>& to) {
  const unsigned n = size_of(in);
  switch (static_cast<Opcode>(in.activation)) {
    case Opcode::relu6:
      return apply(proxy::Relu6{}, n, from, to);
    case Opcode::hswish:
      return apply(proxy::HardSwish{}, n, from, to);
    case Opcode::hsigmoid:
      return apply(proxy::HardSigmoid{}, n, from, to);
    case Opcode::sigmoid:
      return apply(proxy::Sigmoid{}, n, from, to);
    case Opcode::silu:
      return apply(proxy::Silu{}, n, from, to);
    default:
      return apply(proxy::Gelu{}, n, from, to);
  }
}

// (v w, d w + v e)
template <class Real>
__device__ void multiply(const TapeView& tape, const proxy::Instruction& in,
                         const Source<Real>& left, const Source<Real>& right,
                         const Target<Real>& to) {
  const unsigned n = size_of(in);
  const bool is_gate =
      tape.operands[in.first_operand + 1].size != tape.operands[in.first_operand].size;
  const long long from_left = left.tangent.exponent + right.value.exponent;
  const long long from_right = left.value.exponent + right.tangent.exponent;
  const long long exponent = larger(from_left, from_right);
  const Real v_down = Float<Real>::power(left.value.shift);
  const Real d_down = Float<Real>::power(left.tangent.shift);
  const Real w_down = Float<Real>::power(right.value.shift);
  const Real e_down = Float<Real>::power(right.tangent.shift);
  const Real left_factor = Float<Real>::power(from_left - exponent);
  const Real right_factor = Float<Real>::power(from_right - exponent);
  Largest<Real> largest;
  for (unsigned p = threadIdx.x; p < n; p += blockDim.x) {
    const unsigned q = is_gate ? index_of(p, in).outer : p;
    const Real v = v_down * left.values[p];
    const Real w = w_down * right.values[q];
    const Real product = v * w;
    const Real tangent = left_factor * (d_down * left.tangents[p] * w) +
                         right_factor * (v * (e_down * right.tangents[q]));
    to.values[p] = product;
    to.tangents[p] = tangent;
    largest.note(product, tangent);
  }
  finish(to, largest, left.value.exponent + right.value.exponent, exponent);
}

}  // namespace pyhwnas::cuda
