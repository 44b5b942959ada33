#include "bind/dlpack.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

namespace pyhwnas::bind {
namespace {

constexpr const char* kCapsule = "dltensor";
constexpr const char* kVersionedCapsule = "dltensor_versioned";

// Libraries from before version 1.0 of the protocol do not know max_version.
py::object capsule_of(const py::object& array, std::intptr_t stream) {
  using py::literals::operator""_a;
  const py::object method = array.attr("__dlpack__");
  try {
    return method("stream"_a = stream, "max_version"_a = py::make_tuple(1, 0));
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_TypeError)) throw;
  }
  return method("stream"_a = stream);
}

const DLTensor& tensor_in(const py::object& capsule) {
  if (PyCapsule_IsValid(capsule.ptr(), kVersionedCapsule) != 0) {
    return static_cast<DLManagedTensorVersioned*>(
               PyCapsule_GetPointer(capsule.ptr(), kVersionedCapsule))
        ->tensor;
  }
  auto* const managed =
      static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule.ptr(), kCapsule));
  if (managed == nullptr) throw py::error_already_set();
  return managed->tensor;
}

}  // namespace

std::string name_of(DLDataType dtype) {
  if (dtype.code == DLCode::kBool) return "bool";
  const std::string bits = std::to_string(int{dtype.bits});
  switch (dtype.code) {
    case DLCode::kInt:
      return "int" + bits;
    case DLCode::kUnsigned:
      return "uint" + bits;
    case DLCode::kFloat:
      return "float" + bits;
    case DLCode::kBfloat:
      return "bfloat" + bits;
    case DLCode::kComplex:
      return "complex" + bits;
    default:
      return "number " + std::to_string(static_cast<int>(dtype.code)) + " of DLPack";
  }
}

std::string text_of(const Shape& shape) {
  std::string text = "(";
  for (std::size_t k = 0; k < shape.size(); ++k) {
    text += (k > 0 ? ", " : "") + std::to_string(shape[k]);
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

ArrayView::ArrayView(const py::object& array, const char* name, const Stream& stream)
    : capsule_(capsule_of(array, stream.number())) {
  const DLTensor& tensor = tensor_in(capsule_);
  if ((tensor.device.type != kDLCuda && tensor.device.type != kDLCudaManaged) ||
      tensor.device.id != stream.device) {
    throw py::value_error(std::string(name) + " must lie on GPU " + std::to_string(stream.device) +
                          " as the other arrays do");
  }
  data_ = static_cast<const std::byte*>(tensor.data) + tensor.byte_offset;
  dtype_ = tensor.dtype;
  shape_.assign(tensor.shape, tensor.shape + tensor.ndim);
  strides_.resize(shape_.size());
  if (tensor.strides != nullptr) {
    strides_.assign(tensor.strides, tensor.strides + tensor.ndim);
  } else {
    std::exclusive_scan(shape_.rbegin(), shape_.rend(), strides_.rbegin(), std::int64_t{1},
                        std::multiplies<>());
  }
}

std::size_t ArrayView::size() const {
  return static_cast<std::size_t>(
      std::accumulate(shape_.begin(), shape_.end(), std::int64_t{1}, std::multiplies<>()));
}

bool ArrayView::is_contiguous() const {
  std::int64_t expected = 1;
  for (std::size_t k = shape_.size(); k-- > 0;) {
    if (shape_[k] != 1 && strides_[k] != expected) return size() == 0;
    expected *= shape_[k];
  }
  return true;
}

std::shared_ptr<Result::Owned> Result::own(cuda::Buffer<std::byte>&& memory, const Stream& stream) {
  if (stream.owner.is_none()) {
    const py::gil_scoped_release release;
    check(cudaStreamSynchronize(stream.handle));
  }
  // Whoever lets go of it last may be a thread of another library, with another current device.
  return {new Owned{stream, std::move(memory)}, [](Owned* owned) {
            if (Py_IsInitialized() == 0) return;  // the process ends, and its memory with it
            const py::gil_scoped_acquire lock;
            int before = 0;
            cudaGetDevice(&before);
            cudaSetDevice(owned->stream.device);
            delete owned;
            cudaSetDevice(before);
          }};
}

std::pair<int, int> Result::dlpack_device() const {
  return {kDLCuda, owned_->stream.device};
}

py::capsule Result::dlpack(const py::object& stream, const py::object& max_version) const {
  const std::intptr_t number = stream.is_none() ? 1 : stream.cast<std::intptr_t>();
  if (number == 0) throw py::value_error("stream 0 is ambiguous: the legacy default stream is 1");
  if (number != -1 && number != owned_->stream.number()) {
    const OnDevice device(owned_->stream.device);
    cudaEvent_t done = nullptr;
    check(cudaEventCreateWithFlags(&done, cudaEventDisableTiming));
    cudaError_t status = cudaEventRecord(done, owned_->stream.handle);
    if (status == cudaSuccess) {
      status = cudaStreamWaitEvent(reinterpret_cast<cudaStream_t>(number), done, 0);
    }
    cudaEventDestroy(done);  // now, or when it has happened
    check(status);
  }
  if (!max_version.is_none() && max_version.cast<py::tuple>()[0].cast<int>() >= 1) {
    return export_as<DLManagedTensorVersioned>(kVersionedCapsule);
  }
  return export_as<DLManagedTensor>(kCapsule);
}

// What a capsule of ours points to, with all that its pointers need.
template <class Managed>
struct Result::Export {
  Managed managed{};
  Shape shape;
  Shape strides;
  std::shared_ptr<Owned> owned;
};

template <class Managed>
py::capsule Result::export_as(const char* name) const {
  auto whole = std::make_unique<Export<Managed>>();
  whole->shape = shape_;
  whole->strides.resize(shape_.size());
  std::exclusive_scan(shape_.rbegin(), shape_.rend(), whole->strides.rbegin(), std::int64_t{1},
                      std::multiplies<>());
  whole->owned = owned_;
  whole->managed.tensor = {owned_->memory.data(),
                           {kDLCuda, owned_->stream.device},
                           static_cast<std::int32_t>(shape_.size()),
                           dtype_,
                           whole->shape.data(),
                           whole->strides.data(),
                           0};
  if constexpr (std::is_same_v<Managed, DLManagedTensorVersioned>) whole->managed.major = 1;
  whole->managed.owner = whole.get();
  whole->managed.deleter = [](Managed* managed) {
    delete static_cast<Export<Managed>*>(managed->owner);
  };
  // Who takes the tensor over renames the capsule; of one that nobody took we are rid here.
  PyObject* const capsule = PyCapsule_New(&whole->managed, name, [](PyObject* self) {
    const char* const own = std::is_same_v<Managed, DLManagedTensor> ? kCapsule : kVersionedCapsule;
    if (PyCapsule_IsValid(self, own) == 0) return;
    auto* const managed = static_cast<Managed*>(PyCapsule_GetPointer(self, own));
    managed->deleter(managed);
  });
  if (capsule == nullptr) throw py::error_already_set();
  (void)whole.release();
  return py::reinterpret_steal<py::capsule>(capsule);
}

}  // namespace pyhwnas::bind
