#include "bind/cuda_modules.hpp"
#include "bind/device_arrays.hpp"
#include "cuda/proxy/signs.hpp"

namespace pyhwnas::bind {
namespace {

constexpr DLDataType kBfloat16{DLCode::kBfloat, 16, 1};

// Activations of one network [n, units] or of several [b, n, units].
struct DeviceActivations {
  DeviceActivations(const py::object& array, const char* name, const Stream& stream)
      : view(array, name, stream) {
    const Shape& shape = view.shape();
    if (shape.size() != 2 && shape.size() != 3) {
      throw py::value_error(std::string(name) +
                            " must have 2 dimensions, or 3 for a batch, got shape " +
                            text_of(shape));
    }
    if (view.dtype() != dtype_of<float>() && view.dtype() != kBfloat16) {
      throw py::type_error(std::string(name) + " must have dtype float32 or bfloat16, got " +
                           name_of(view.dtype()));
    }
    if (!view.is_contiguous()) {
      throw py::value_error(std::string(name) + " must be C-contiguous, got other strides");
    }
    type = view.dtype() == kBfloat16 ? cuda::Activations::bfloat16 : cuda::Activations::float32;
    n_units = static_cast<std::size_t>(shape.back());
    n_samples = static_cast<std::size_t>(shape[shape.size() - 2]);
    n_networks = shape.size() == 3 ? static_cast<std::size_t>(shape[0]) : 1;
    shape_of_bits = shape;
    shape_of_bits.back() = (shape.back() + 63) / 64;
    n_words = n_networks * n_samples * static_cast<std::size_t>(shape_of_bits.back());
  }

  ArrayView view;
  cuda::Activations type;
  std::size_t n_networks;
  std::size_t n_samples;
  std::size_t n_units;
  std::size_t n_words;
  Shape shape_of_bits;
};

Result pack_signs(const py::object& x, const Stream& stream) {
  const OnDevice device(stream);
  const DeviceActivations values(x, "x", stream);
  cuda::Buffer<std::uint64_t> bits;
  check(bits.allocate(values.n_words, stream.handle));
  check(cuda::pack_signs(values.view.data(), values.type, values.n_networks * values.n_samples,
                         values.n_units, bits.data(), stream.handle));
  return Result(std::move(bits), values.shape_of_bits, stream);
}

template <class T>
std::pair<Result, Result> normalised(const DeviceActivations& values, const ArrayView& mean,
                                     const ArrayView& scale, bool rectify, const Stream& stream) {
  cuda::Buffer<T> y;
  cuda::Buffer<std::uint64_t> bits;
  check(y.allocate(values.view.size(), stream.handle));
  check(bits.allocate(values.n_words, stream.handle));
  check(cuda::normalise_and_pack(
      values.view.data(), values.type, static_cast<const float*>(mean.data()),
      static_cast<const float*>(scale.data()), values.n_networks, values.n_samples, values.n_units,
      static_cast<std::size_t>(mean.shape().back()), rectify, y.data(), bits.data(),
      stream.handle));
  Result packed(std::move(bits), values.shape_of_bits, stream);
  if constexpr (std::is_same_v<T, float>) {
    return {Result(std::move(y), values.view.shape(), stream), std::move(packed)};
  } else {
    return {Result::bfloat16(std::move(y), values.view.shape(), stream), std::move(packed)};
  }
}

std::pair<Result, Result> normalise_and_pack(const py::object& x, const py::object& mean,
                                             const py::object& scale, bool rectify,
                                             const Stream& stream) {
  const OnDevice device(stream);
  const DeviceActivations values(x, "x", stream);
  const ArrayView means(mean, "mean", stream);
  const ArrayView scales(scale, "scale", stream);
  check_exact_layout(means, "mean", dtype_of<float>(), 2);
  check_exact_layout(scales, "scale", dtype_of<float>(), 2);
  check_shape(scales, "scale", means.shape());
  const std::int64_t channels = means.shape()[1];
  if (means.shape()[0] != static_cast<std::int64_t>(values.n_networks) || channels < 1 ||
      static_cast<std::int64_t>(values.n_units) % channels != 0) {
    throw py::value_error("mean must have a row for each of " + std::to_string(values.n_networks) +
                          " networks and as many columns as there are channels, got shape " +
                          text_of(means.shape()));
  }
  return values.type == cuda::Activations::float32
             ? normalised<float>(values, means, scales, rectify, stream)
             : normalised<std::uint16_t>(values, means, scales, rectify, stream);
}

// Packed bits of one network [n, words] or of several [b, n, words].
struct DeviceBits {
  DeviceBits(const py::object& array, const Stream& stream) : view(array, "bits", stream) {
    const Shape& shape = view.shape();
    const int ndim = shape.size() == 3 ? 3 : 2;
    check_exact_layout(view, "bits", dtype_of<std::uint64_t>(), ndim);
    n = static_cast<std::size_t>(shape[shape.size() - 2]);
    n_words = static_cast<std::size_t>(shape.back());
    n_networks = ndim == 3 ? static_cast<std::size_t>(shape[0]) : 1;
    per_sample.assign(shape.begin(), shape.end() - 1);
    if (n > cuda::kMostSamples) {
      throw py::value_error("bits must have at most " + std::to_string(cuda::kMostSamples) +
                            " samples, got " + std::to_string(n));
    }
  }

  const std::uint64_t* data() const { return static_cast<const std::uint64_t*>(view.data()); }

  ArrayView view;
  std::size_t n_networks;
  std::size_t n;
  std::size_t n_words;
  Shape per_sample;
};

Result hamming_distances(const py::object& bits, const Stream& stream) {
  const OnDevice device(stream);
  const DeviceBits packed(bits, stream);
  cuda::Buffer<std::int64_t> distances;
  check(distances.allocate(packed.n_networks * packed.n * packed.n, stream.handle));
  check(cuda::hamming_distances(packed.data(), packed.n_networks, packed.n, packed.n_words,
                                distances.data(), stream.handle));
  Shape shape = packed.per_sample;
  shape.push_back(shape.back());
  return Result(std::move(distances), shape, stream);
}

std::pair<Result, Result> coactivation(const py::object& bits, const Stream& stream) {
  const OnDevice device(stream);
  const DeviceBits packed(bits, stream);
  cuda::Buffer<std::int64_t> positives;
  cuda::Buffer<std::int64_t> shared;
  check(positives.allocate(packed.n_networks * packed.n, stream.handle));
  check(shared.allocate(packed.n_networks * packed.n, stream.handle));
  check(cuda::coactivation(packed.data(), packed.n_networks, packed.n, packed.n_words,
                           positives.data(), shared.data(), stream.handle));
  return {Result(std::move(positives), packed.per_sample, stream),
          Result(std::move(shared), packed.per_sample, stream)};
}

}  // namespace

void bind_cuda_signs(py::module_& m) {
  using py::arg;
  m.def("pack_signs", &pack_signs, arg("x"), arg("stream"),
        "One bit per value, 1 where it is greater than zero.");
  m.def("normalise_and_pack", &normalise_and_pack, arg("x"), arg("mean"), arg("scale"),
        arg("rectify"), arg("stream"),
        "(x - mean) * scale per network and channel, channels last, and the signs of that.");
  m.def("hamming_distances", &hamming_distances, arg("bits"), arg("stream"),
        "For each two samples of each network, the number of bits in which they differ.");
  m.def("coactivation", &coactivation, arg("bits"), arg("stream"),
        "Per sample: its positive units, and those weighted by the samples in which each is.");
}

}  // namespace pyhwnas::bind
