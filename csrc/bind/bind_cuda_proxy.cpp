#include <pybind11/numpy.h>

#include <cstring>
#include <optional>

#include "bind/arrays.hpp"
#include "bind/cuda_modules.hpp"
#include "bind/device_arrays.hpp"
#include "cuda/proxy/hashed_weights.hpp"
#include "cuda/proxy/synflow.hpp"

namespace pyhwnas::bind {
namespace {

using Bytes = py::array_t<std::uint8_t>;

// Copies what lies on the host to the device. The copy is complete when this returns, as far as the
// host's memory is concerned.
template <class T>
cuda::Buffer<T> uploaded(const T* from, std::size_t size, const Stream& stream) {
  cuda::Buffer<T> buffer;
  check(buffer.allocate(size, stream.handle));
  if (size > 0) {
    check(cudaMemcpyAsync(buffer.data(), from, size * sizeof(T), cudaMemcpyHostToDevice,
                          stream.handle));
  }
  return buffer;
}

// A packed tape on the device.
struct DeviceTape {
  DeviceTape(const py::array& tape, const Stream& stream) {
    const auto packed = std::as_bytes(vector<std::uint8_t>(tape, "tape"));
    bytes = uploaded(packed.data(), packed.size(), stream);
    view = proxy::view_of(packed, bytes.data());
    on_host = proxy::view_of(packed, packed.data());
  }

  cuda::Buffer<std::byte> bytes;
  proxy::TapeView view{};
  proxy::TapeView on_host{};
};

// An array where it lies: on the device, or on the host, from where it is copied.
template <class T>
struct EitherArray {
  EitherArray(const py::object& array, const char* name, int ndim, const Stream& stream)
      : on_host(py::isinstance<py::array>(array)) {
    if (on_host) {
      const auto host = py::reinterpret_borrow<py::array>(array);
      check_layout<T>(host, name, ndim);
      shape.assign(host.shape(), host.shape() + ndim);
      copy = uploaded(static_cast<const T*>(host.data()), static_cast<std::size_t>(host.size()),
                      stream);
      data = copy.data();
    } else {
      view.emplace(array, name, stream);
      check_exact_layout(*view, name, dtype_of<T>(), ndim);
      shape = view->shape();
      data = static_cast<const T*>(view->data());
    }
  }

  bool on_host;
  Shape shape;
  std::optional<ArrayView> view;
  cuda::Buffer<T> copy;
  const T* data = nullptr;
};

struct DeviceIds : EitherArray<std::int32_t> {
  DeviceIds(const py::object& ids, std::int32_t n_slots, const Stream& stream)
      : EitherArray(ids, "unit_ids", 2, stream), n_rows(static_cast<std::size_t>(shape[0])) {
    if (shape[1] != n_slots) {
      throw py::value_error("unit_ids must have one column per slot, " + std::to_string(n_slots) +
                            ", got " + std::to_string(shape[1]));
    }
    check_row_count(n_rows, "unit_ids");
  }

  std::size_t n_rows;
};

void check_rows(unsigned long long failure) {
  if (failure == cuda::kNoFailure) return;
  const std::string row = std::to_string(failure >> 32);
  const std::string slot = std::to_string(failure >> 2 & 0x3fffffffU);
  const char* what = "";
  switch (static_cast<cuda::RowError>(failure & 3U)) {
    case cuda::RowError::no_place:
      what = " has a unit that is not among those of the tape";
      break;
    case cuda::RowError::too_many_inputs:
      what = " gets more inputs than its unit takes";
      break;
    default:
      what = " gets an input of another shape than its unit takes";
  }
  throw py::value_error("unit_ids row " + row + ": slot " + slot + what);
}

// Runs kernel(scores, failure), and returns the scores where the ids came from.
template <class Kernel>
py::object scored(const DeviceIds& ids, const Stream& stream, const Kernel& kernel) {
  cuda::Buffer<double> scores;
  cuda::Buffer<unsigned long long> failure;
  check(scores.allocate(ids.n_rows, stream.handle));
  check(failure.allocate(1, stream.handle));
  py::array_t<double> host(static_cast<py::ssize_t>(ids.on_host ? ids.n_rows : 0));
  double* const to = host.mutable_data();
  unsigned long long found = cuda::kNoFailure;
  {
    const py::gil_scoped_release release;
    check(kernel(scores.data(), failure.data()));
    check(cudaMemcpyAsync(&found, failure.data(), sizeof found, cudaMemcpyDeviceToHost,
                          stream.handle));
    if (ids.on_host && ids.n_rows > 0) {
      check(cudaMemcpyAsync(to, scores.data(), ids.n_rows * sizeof(double), cudaMemcpyDeviceToHost,
                            stream.handle));
    }
    check(cudaStreamSynchronize(stream.handle));
  }
  check_rows(found);
  if (ids.on_host) return host;
  return py::cast(Result(std::move(scores), {static_cast<std::int64_t>(ids.n_rows)}, stream));
}

py::object synflow_expected(const py::array& tape, const py::object& unit_ids,
                            const Stream& stream) {
  const OnDevice device(stream);
  const DeviceTape on_device(tape, stream);
  const DeviceIds ids(unit_ids, on_device.view.n_slots, stream);
  return scored(ids, stream, [&](double* scores, unsigned long long* failure) {
    return cuda::synflow_of_means(on_device.view, ids.data, ids.n_rows, scores, failure,
                                  stream.handle);
  });
}

// Tensors to be made: their keys, rows of (axes, shape, groups), scales and offsets.
struct DeviceTensors {
  DeviceTensors(const py::array& keys, const py::array& tensors, const py::array& scales,
                const py::array& offsets, const Stream& stream) {
    const auto host_keys = vector<std::uint64_t>(keys, "keys");
    const auto rows = matrix<std::int32_t>(tensors, "tensors");
    const auto host_scales = vector<double>(scales, "scales");
    const auto host_offsets = vector<std::int64_t>(offsets, "offsets");
    const std::size_t n = host_keys.size();
    check_size(host_scales, "scales", n);
    check_size(host_offsets, "offsets", n + 1);
    bind::check_shape(tensors, "tensors",
                      {static_cast<py::ssize_t>(n), proxy::kHashedTensorColumns});
    size = static_cast<std::size_t>(host_offsets.back());
    check_sizes(rows, host_offsets);
    own_keys = uploaded(host_keys.data(), n, stream);
    own_tensors = uploaded(rows.data(), n * rows.cols(), stream);
    own_scales = uploaded(host_scales.data(), n, stream);
    own_offsets = uploaded(host_offsets.data(), n + 1, stream);
    view = {own_keys.data(), reinterpret_cast<const proxy::HashedTensor*>(own_tensors.data()),
            own_scales.data(), own_offsets.data(), n};
  }

  static void check_sizes(MatrixView<const std::int32_t> tensors,
                          std::span<const std::int64_t> offsets) {
    for (std::size_t k = 0; k < tensors.rows(); ++k) {
      const auto row = tensors[k];
      std::int64_t elements = 1;
      bool is_right = row[0] >= 1 && row[0] <= 4 && row[5] >= 1 && row[1] % row[5] == 0;
      for (std::size_t axis = 1; axis < 5; ++axis) {
        is_right = is_right && row[axis] >= 1;
        elements *= row[axis];
      }
      if (is_right && offsets[k + 1] - offsets[k] == elements) continue;
      throw py::value_error("tensors: row " + std::to_string(k) +
                            " must have axes, shape and groups that fit its offsets");
    }
  }

  std::size_t size = 0;
  cuda::Buffer<std::uint64_t> own_keys;
  cuda::Buffer<std::int32_t> own_tensors;
  cuda::Buffer<double> own_scales;
  cuda::Buffer<std::int64_t> own_offsets;
  cuda::HashedTensors view{};
};

Result absolute_weights(const py::array& keys, const py::array& tensors, const py::array& scales,
                        const py::array& offsets, bool normal, const Stream& stream) {
  const OnDevice device(stream);
  const DeviceTensors described(keys, tensors, scales, offsets, stream);
  cuda::Buffer<float> values;
  check(values.allocate(described.size, stream.handle));
  const auto distribution = normal ? cuda::Distribution::normal : cuda::Distribution::uniform;
  check(cuda::absolute_weights(described.view, distribution, values.data(), stream.handle));
  return Result(std::move(values), {static_cast<std::int64_t>(described.size)}, stream);
}

void check_weights(const proxy::TapeView& tape, std::span<const std::int64_t> offsets,
                   std::int64_t n_weights) {
  check_size(offsets, "place_offsets", static_cast<std::size_t>(tape.n_places) + 1);
  std::int64_t expected = 0;
  for (std::int32_t k = 0; k < tape.n_places; ++k) {
    const auto at = static_cast<std::size_t>(k);
    expected += tape.places[at].n_weights;
    if (offsets[at + 1] == expected && offsets[at] == expected - tape.places[at].n_weights)
      continue;
    throw py::value_error("place_offsets: place " + std::to_string(k) + " has " +
                          std::to_string(tape.places[at].n_weights) + " weights, got offsets " +
                          std::to_string(offsets[at]) + " and " + std::to_string(offsets[at + 1]));
  }
  if (n_weights == expected) return;
  throw py::value_error("weights must have " + std::to_string(expected) + " entries, got " +
                        std::to_string(n_weights));
}

py::object synflow(const py::array& tape, const py::object& unit_ids,
                   const py::array& place_offsets, const py::object& weights, bool double_precision,
                   const Stream& stream) {
  const OnDevice device(stream);
  const DeviceTape on_device(tape, stream);
  const DeviceIds ids(unit_ids, on_device.view.n_slots, stream);
  const EitherArray<float> values(weights, "weights", 1, stream);
  const auto places = vector<std::int64_t>(place_offsets, "place_offsets");
  check_weights(on_device.on_host, places, values.shape[0]);
  const cuda::Buffer<std::int64_t> offsets = uploaded(places.data(), places.size(), stream);
  return scored(ids, stream, [&](double* scores, unsigned long long* failure) {
    return cuda::synflow_of_weights(on_device.view, {values.data, offsets.data()}, ids.data,
                                    ids.n_rows, double_precision, scores, failure, stream.handle);
  });
}

}  // namespace

void bind_cuda_proxy(py::module_& m) {
  using py::arg;
  m.def("synflow_expected", &synflow_expected, arg("tape"), arg("unit_ids"), arg("stream"),
        "ln of the expected Synflow of each row's network.");
  m.def("absolute_weights", &absolute_weights, arg("keys"), arg("tensors"), arg("scales"),
        arg("offsets"), arg("normal"), arg("stream"),
        "Absolute initial weights of tensors, one after the other.");
  m.def("synflow", &synflow, arg("tape"), arg("unit_ids"), arg("place_offsets"), arg("weights"),
        arg("double_precision"), arg("stream"),
        "ln of the Synflow of each row's network with the weights of its units in their slots.");
}

}  // namespace pyhwnas::bind
