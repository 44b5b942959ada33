// A network's values lie in one array whose layout the tape has fixed; they are read and written by
// all threads of the block, and an instruction ends with a barrier. Expected scores have one number
// for all equal channels, rows and columns, so a network of NAS-Bench-201 takes 20 KB and a dozen
// of them share a multiprocessor; its speed is that of shared memory.
#include "cuda/proxy/synflow.hpp"

#include "cuda/buffer.hpp"
#include "cuda/launch.hpp"
#include "cuda/proxy/convolution.cuh"
#include "cuda/shared_memory.cuh"

namespace pyhwnas::cuda {
namespace {

// Expected scores: two warps, since maps are small and every thread reads the tape by itself.
template <proxy::Weights kind>
constexpr unsigned kThreads = kind == proxy::Weights::mean ? 64 : 256;
// Blocks that registers have room for on a multiprocessor; so many run where memory is not shared.
template <proxy::Weights kind>
constexpr unsigned kBlocks = kind == proxy::Weights::mean ? 12 : 2;

// What one block works with.
template <class Real>
struct Network {
  const std::int32_t* ids;
  Header* headers;
  Real* memory;
};

__device__ bool is_present(const std::int32_t* ids, std::int32_t source) {
  return source < 0 || ids[source] >= 0;
}

// The k-th present source of a slot: the number of its header.
__device__ std::int32_t present_source(const TapeView& tape, const std::int32_t* ids,
                                       std::int32_t slot, std::int32_t k) {
  std::int32_t at = tape.slot_input_offsets[slot];
  for (;; ++at) {
    const std::int32_t source = tape.slot_inputs[at];
    if (is_present(ids, source) && k-- == 0) return source < 0 ? tape.n_slots : source;
  }
}

template <class Real>
__device__ Source<Real> source_of(const TapeView& tape, const Network<Real>& network,
                                  std::int32_t slot, const proxy::Operand& operand) {
  std::int32_t number = operand.header;
  std::int32_t offset = operand.offset;
  if (operand.input >= 0) {
    number = present_source(tape, network.ids, slot, operand.input);
    offset = tape.slot_offsets[number];
  }
  const Header& header = network.headers[number];
  const Real* const values = network.memory + offset;
  // The input of the network is as large as its largest reader wants it, and all ones.
  const std::int32_t size = number == tape.n_slots ? tape.input_size : operand.size;
  return {values, values + size, reading<Real>(header.value_exponent, header.value_top),
          reading<Real>(header.tangent_exponent, header.tangent_top)};
}

template <proxy::Weights kind, class Real>
__device__ void run(const TapeView& tape, const Network<Real>& network, std::int32_t slot,
                    const proxy::Instruction& in, const proxy::Constants& constants,
                    const float* weights) {
  const auto source = [&](std::int32_t k) {
    return source_of(tape, network, slot, tape.operands[in.first_operand + k]);
  };
  Real* const out = network.memory + in.out;
  const Target<Real> target{out, out + size_of(in), network.headers + in.header};
  switch (static_cast<proxy::Action>(in.action)) {
    case proxy::Action::contract:
      return contract(tape, in, constants, source(0), target);
    case proxy::Action::join:
      return join<Real>(tape, in, source, target);
    case proxy::Action::max_pool:
      return max_pool(tape, in, source(0), target);
    case proxy::Action::activate:
      return activate(in, source(0), target);
    case proxy::Action::multiply:
      return multiply(tape, in, source(0), source(1), target);
    case proxy::Action::convolve:
      if constexpr (kind == proxy::Weights::given) {
        convolve(tape, in, weights, source(0), target);
      }
      return;
  }
}

// How the inputs of a slot's unit are: all there, too few, or wrong.
enum class Arrival { whole, incomplete, wrong };

__device__ Arrival check_inputs(const TapeView& tape, const std::int32_t* ids,
                                const Header* headers, std::int32_t slot, const proxy::Place& place,
                                RowError* error) {
  std::int32_t count = 0;
  for (std::int32_t at = tape.slot_input_offsets[slot]; at < tape.slot_input_offsets[slot + 1];
       ++at) {
    const std::int32_t source = tape.slot_inputs[at];
    if (!is_present(ids, source)) continue;
    if (count == place.n_inputs) {
      *error = RowError::too_many_inputs;
      return Arrival::wrong;
    }
    const std::int32_t expected = tape.input_shapes[place.first_shape + count++];
    if (source >= 0 && headers[source].shape != expected) {
      *error = RowError::other_shape;
      return Arrival::wrong;
    }
  }
  return count < place.n_inputs ? Arrival::incomplete : Arrival::whole;
}

// The last slot's tangents, each as often as there are entries that it stands for. The order of
// additions does not depend on the size of a block.
template <class Real>
__device__ double log_tangent_sum(const TapeView& tape, const Network<Real>& network,
                                  const proxy::Place& place) {
  const std::int32_t slot = tape.n_slots - 1;
  const std::int32_t* const channels = tape.repeats + place.first_repeat;
  const std::int32_t* const rows = channels + place.channels;
  const std::int32_t* const columns = rows + place.rows;
  const std::int32_t size = place.channels * place.rows * place.columns;
  const Real* const tangents = network.memory + tape.slot_offsets[slot] + size;
  double sum = 0.0;
  for (std::int32_t p = static_cast<std::int32_t>(threadIdx.x); p < size; p += 32) {
    const std::int32_t line = p / place.columns;
    const double repeats = static_cast<double>(channels[line / place.rows]) *
                           static_cast<double>(rows[line % place.rows]) *
                           static_cast<double>(columns[p % place.columns]);
    sum += repeats * static_cast<double>(tangents[p]);
  }
  for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffffU, sum, step);
  if (!(sum > 0.0)) return -INFINITY;
  constexpr double kLn2 = 0.693147180559945309417232121458;
  return log(sum) + static_cast<double>(network.headers[slot].tangent_exponent) * kLn2;
}

// The score of one network, to be used by thread 0; NaN where `error` says why, in `slot`.
template <proxy::Weights kind, class Real>
__device__ double score(const TapeView& tape, const Network<Real>& network,
                        const TapeWeights& weights, std::int32_t* failed_slot, RowError* error) {
  const proxy::Place* place = nullptr;
  for (std::int32_t slot = 0; slot < tape.n_slots; ++slot) {
    const std::int32_t unit = network.ids[slot];
    if (unit < 0) {
      place = nullptr;
      continue;
    }
    *failed_slot = slot;
    const std::int32_t number =
        unit < tape.n_units ? tape.place_of[slot * tape.n_units + unit] : -1;
    if (number < 0) {
      *error = RowError::no_place;
      return NAN;
    }
    place = tape.places + number;
    const Arrival arrival = check_inputs(tape, network.ids, network.headers, slot, *place, error);
    if (arrival == Arrival::wrong) return NAN;
    if (arrival == Arrival::incomplete) return -INFINITY;
    if (place->n_temporaries > 0) {
      for (std::int32_t k = static_cast<std::int32_t>(threadIdx.x); k < place->n_temporaries;
           k += static_cast<std::int32_t>(blockDim.x)) {
        Header& header = network.headers[tape.n_slots + 1 + k];
        header.value_top = 0;
        header.tangent_top = 0;
      }
      __syncthreads();
    }
    if (threadIdx.x == 0) network.headers[slot].shape = place->out_shape;
    const float* own = nullptr;
    if constexpr (kind == proxy::Weights::given) own = weights.values + weights.offsets[number];
    for (std::int32_t k = 0; k < place->n_instructions; ++k) {
      const std::int32_t at = place->first_instruction + k;
      run<kind>(tape, network, slot, tape.instructions[at], tape.constants[at], own);
    }
  }
  if (place == nullptr) return -INFINITY;
  return threadIdx.x < 32 ? log_tangent_sum(tape, network, *place) : 0.0;
}

// in_shared: whether a network's memory is in shared memory, and the compiler knows it.
template <proxy::Weights kind, class Real, bool in_shared>
__global__ void __launch_bounds__(kThreads<kind>, kBlocks<kind>)
    score_rows(TapeView tape, TapeWeights weights, const std::int32_t* unit_ids, std::size_t n_rows,
               Real* workspace, double* scores, unsigned long long* failure) {
  Header* const headers = dynamic_shared<Header>();
  auto* const ids = reinterpret_cast<std::int32_t*>(headers + tape.n_headers);
  // Behind an even number of ids, so that memory begins at a multiple of 8 bytes.
  auto* const shared = reinterpret_cast<Real*>(ids + (tape.n_slots + 1) / 2 * 2);
  Real* const memory = in_shared ? shared
                                 : workspace + static_cast<std::size_t>(blockIdx.x) *
                                                   static_cast<std::size_t>(tape.memory);
  Real* const input = memory + tape.slot_offsets[tape.n_slots];
  for (std::int32_t k = static_cast<std::int32_t>(threadIdx.x); k < tape.input_size;
       k += static_cast<std::int32_t>(blockDim.x)) {
    input[k] = 1;
    input[tape.input_size + k] = 0;
  }
  if (threadIdx.x == 0) {
    headers[tape.n_slots] = {0, 0, Float<Real>::top(Real(1)), 0, -1};
  }
  for (std::size_t row = blockIdx.x; row < n_rows; row += gridDim.x) {
    __syncthreads();
    for (std::int32_t s = static_cast<std::int32_t>(threadIdx.x); s < tape.n_slots;
         s += static_cast<std::int32_t>(blockDim.x)) {
      ids[s] = unit_ids[row * static_cast<std::size_t>(tape.n_slots) + static_cast<std::size_t>(s)];
      headers[s].value_top = 0;
      headers[s].tangent_top = 0;
    }
    __syncthreads();
    RowError error = RowError::none;
    std::int32_t slot = 0;
    const double found =
        score<kind>(tape, Network<Real>{ids, headers, memory}, weights, &slot, &error);
    if (threadIdx.x != 0) continue;
    scores[row] = found;
    if (error != RowError::none) atomicMin(failure, failure_of(row, slot, error));
  }
}

template <proxy::Weights kind, class Real>
cudaError_t launch_rows(const TapeView& tape, const TapeWeights& weights,
                        const std::int32_t* unit_ids, std::size_t n_rows, double* scores,
                        unsigned long long* failure, cudaStream_t stream) {
  PYHWNAS_CUDA_CHECK(cudaMemsetAsync(failure, 0xff, sizeof(*failure), stream));
  if (n_rows == 0) return cudaSuccess;
  int device = 0;
  int n_multiprocessors = 0;
  PYHWNAS_CUDA_CHECK(cudaGetDevice(&device));
  PYHWNAS_CUDA_CHECK(
      cudaDeviceGetAttribute(&n_multiprocessors, cudaDevAttrMultiProcessorCount, device));
  std::size_t shared = static_cast<std::size_t>(tape.n_headers) * sizeof(Header) +
                       (static_cast<std::size_t>(tape.n_slots) + 1) / 2 * 2 * sizeof(std::int32_t);
  const std::size_t memory = static_cast<std::size_t>(tape.memory) * sizeof(Real);
  Buffer<Real> workspace;
  std::size_t n_blocks = n_rows;
  auto kernel = &score_rows<kind, Real, true>;
  std::size_t most_shared = 0;
  PYHWNAS_CUDA_CHECK(allow_shared(kernel, &most_shared));
  if (shared + memory <= most_shared) {
    shared += memory;
  } else {
    kernel = &score_rows<kind, Real, false>;
    PYHWNAS_CUDA_CHECK(allow_shared(kernel, &most_shared));
    n_blocks = static_cast<std::size_t>(n_multiprocessors) * kBlocks<kind>;
    n_blocks = n_rows < n_blocks ? n_rows : n_blocks;
    PYHWNAS_CUDA_CHECK(
        workspace.allocate(n_blocks * static_cast<std::size_t>(tape.memory), stream));
  }
  return launch(kernel, dim3(static_cast<unsigned>(n_blocks)), dim3(kThreads<kind>), shared, stream,
                tape, weights, unit_ids, n_rows, workspace.data(), scores, failure);
}

}  // namespace

cudaError_t synflow_of_means(const TapeView& tape, const std::int32_t* unit_ids, std::size_t n_rows,
                             double* scores, unsigned long long* failure, cudaStream_t stream) {
  return launch_rows<proxy::Weights::mean, double>(tape, {nullptr, nullptr}, unit_ids, n_rows,
                                                   scores, failure, stream);
}

cudaError_t synflow_of_weights(const TapeView& tape, const TapeWeights& weights,
                               const std::int32_t* unit_ids, std::size_t n_rows,
                               bool double_precision, double* scores, unsigned long long* failure,
                               cudaStream_t stream) {
  return double_precision ? launch_rows<proxy::Weights::given, double>(
                                tape, weights, unit_ids, n_rows, scores, failure, stream)
                          : launch_rows<proxy::Weights::given, float>(
                                tape, weights, unit_ids, n_rows, scores, failure, stream);
}

}  // namespace pyhwnas::cuda
