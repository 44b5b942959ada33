// One block a problem, one thread a row. The rows come by in tiles of 32 in shared memory, and each
// thread turns a tile into one word: which of them dominate its own row, which it has in registers.
// Two comparisons for each pair and objective, n^2 m in all, whose result stays in predicates: the
// arithmetic of doubles is the bound, not memory.
//
// Fronts are peeled off as rounds. A row is in the next front when none of its dominators is left.
// Dominators only ever leave, so each thread remembers its first word that had one: the rounds
// together read each word once, and one more for each round. Words lie 32 n^2 / 256 bytes in shared
// memory, 128 KiB for 1024 rows.
#include "cuda/dominance.hpp"
#include "cuda/launch.hpp"
#include "cuda/shared_memory.cuh"
#include "cuda/small_problems.hpp"
#include "cuda/width.hpp"

namespace pyhwnas::cuda {
namespace {

constexpr unsigned kWord = 32;
constexpr unsigned kAllLanes = 0xffffffffU;

struct Words {
  std::uint32_t dominators;
  std::uint32_t equal;
};

// What the 32 rows from `first` on are to row i.
template <unsigned width>
class Rows {
 public:
  __device__ Rows(const double* F, unsigned n, unsigned m, unsigned i)
      : F_(F), n_(n), m_(m), i_(i) {
    for (unsigned k = 0; k < width; ++k) own_[k] = i < n && k < m ? F[i * m + k] : 0.0;
  }

  // All threads of the block call it together.
  __device__ Words compare(unsigned first) {
    __shared__ double tile[kWord * width];
    __syncthreads();
    for (unsigned at = threadIdx.x; at < kWord * width; at += blockDim.x) {
      const unsigned row = first + at / width;
      const unsigned k = at % width;
      tile[at] = row < n_ && k < m_ ? F_[row * m_ + k] : 0.0;
    }
    __syncthreads();
    Words words{0, 0};
    for (unsigned j = 0; j < kWord; ++j) {
      bool covers = first + j < n_;
      bool less = false;
#pragma unroll
      for (unsigned k = 0; k < width; ++k) {
        const double x = tile[j * width + k];
        covers = covers && x <= own_[k];
        less = less || x < own_[k];
      }
      words.dominators |= static_cast<std::uint32_t>(covers && less) << j;
      words.equal |= static_cast<std::uint32_t>(covers && !less) << j;
    }
    return words;
  }

 private:
  const double* F_;
  unsigned n_;
  unsigned m_;
  unsigned i_;
  double own_[width];
};

// Rows of many columns are read where they are.
template <>
class Rows<0> {
 public:
  __device__ Rows(const double* F, unsigned n, unsigned m, unsigned i)
      : F_(F), n_(n), m_(m), i_(i) {}

  __device__ Words compare(unsigned first) {
    Words words{0, 0};
    if (i_ >= n_) return words;
    for (unsigned j = 0; j < kWord && first + j < n_; ++j) {
      bool covers = true;
      bool less = false;
      for (unsigned k = 0; k < m_ && covers; ++k) {
        const double x = F_[(first + j) * m_ + k];
        const double own = F_[i_ * m_ + k];
        covers = x <= own;
        less = less || x < own;
      }
      words.dominators |= static_cast<std::uint32_t>(covers && less) << j;
      words.equal |= static_cast<std::uint32_t>(covers && !less) << j;
    }
    return words;
  }

 private:
  const double* F_;
  unsigned n_;
  unsigned m_;
  unsigned i_;
};

template <unsigned width>
__global__ void __launch_bounds__(kMostSmallRows)
    ranks_kernel(const double* F, unsigned n, unsigned m, std::int32_t* ranks) {
  __shared__ std::uint32_t left[kMostSmallRows / kWord];
  std::uint32_t* const dominators = dynamic_shared<std::uint32_t>() + threadIdx.x;
  const unsigned i = threadIdx.x;
  const unsigned n_words = blockDim.x / kWord;
  const std::size_t problem = blockIdx.x;
  Rows<width> rows(F + problem * n * m, n, m, i);
  for (unsigned w = 0; w < n_words; ++w) {
    dominators[w * blockDim.x] = rows.compare(w * kWord).dominators;
  }
  std::int32_t rank = i < n ? -1 : 0;
  const std::uint32_t all = __ballot_sync(kAllLanes, rank < 0);
  if (i % kWord == 0) left[i / kWord] = all;
  __syncthreads();
  unsigned w = 0;
  for (std::int32_t front = 0;; ++front) {
    if (rank < 0) {
      while (w < n_words && (dominators[w * blockDim.x] & left[w]) == 0) ++w;
      if (w == n_words) rank = front;
    }
    const std::uint32_t still = __ballot_sync(kAllLanes, rank < 0);
    // Whoever is in this front has been left until all have looked.
    if (__syncthreads_count(rank < 0) == 0) break;
    if (i % kWord == 0) left[i / kWord] = still;
    __syncthreads();
  }
  if (i < n) ranks[problem * n + i] = rank;
}

template <unsigned width>
__global__ void __launch_bounds__(kMostSmallRows)
    counts_kernel(const double* F, unsigned n, unsigned m, std::int32_t* counts) {
  const unsigned i = threadIdx.x;
  const std::size_t problem = blockIdx.x;
  Rows<width> rows(F + problem * n * m, n, m, i);
  std::int32_t count = 0;
  for (unsigned first = 0; first < n; first += kWord) {
    count += __popc(rows.compare(first).dominators);
  }
  if (i < n) counts[problem * n + i] = count;
}

template <unsigned width>
__global__ void __launch_bounds__(kMostSmallRows)
    mask_kernel(const double* F, unsigned n, unsigned m, bool keep_equal, std::uint8_t* mask) {
  const unsigned i = threadIdx.x;
  const std::size_t problem = blockIdx.x;
  Rows<width> rows(F + problem * n * m, n, m, i);
  bool keep = true;
  for (unsigned first = 0; first < n; first += kWord) {
    const Words words = rows.compare(first);
    keep = keep && words.dominators == 0;
    if (!keep_equal && first <= i) {
      const std::uint32_t before = i - first >= kWord ? kAllLanes : (1U << (i - first)) - 1;
      keep = keep && (words.equal & before) == 0;
    }
  }
  if (i < n) mask[problem * n + i] = keep;
}

unsigned threads_for(const SmallProblems& problems) {
  return blocks_for(problems.n, kWord) * kWord;
}

// launch_one(kernel<width>): one block for each problem.
template <class... Arguments, class Kernel>
cudaError_t launch_for_each(const SmallProblems& problems, Kernel kernel, std::size_t shared_bytes,
                            cudaStream_t stream, Arguments... arguments) {
  if (problems.n == 0) return cudaSuccess;
  return launch(kernel, static_cast<unsigned>(problems.count), threads_for(problems), shared_bytes,
                stream, problems.F, static_cast<unsigned>(problems.n),
                static_cast<unsigned>(problems.m), arguments...);
}

}  // namespace

cudaError_t nondominated_sort(const SmallProblems& problems, std::int32_t* ranks,
                              cudaStream_t stream) {
  const std::size_t threads = threads_for(problems);
  const std::size_t shared_bytes = threads * threads / kWord * sizeof(std::uint32_t);
  return with_width(problems.m, [&](auto width) -> cudaError_t {
    const auto kernel = &ranks_kernel<width>;
    std::size_t most_shared = 0;
    PYHWNAS_CUDA_CHECK(allow_shared(kernel, &most_shared));
    if (shared_bytes <= most_shared) {
      return launch_for_each(problems, kernel, shared_bytes, stream, ranks);
    }
    for (std::size_t p = 0; p < problems.count; ++p) {  // devices that have less
      PYHWNAS_CUDA_CHECK(nondominated_sort(problems.F + p * problems.n * problems.m, problems.n,
                                           problems.m, ranks + p * problems.n, stream));
    }
    return cudaSuccess;
  });
}

cudaError_t dominance_counts(const SmallProblems& problems, std::int32_t* counts,
                             cudaStream_t stream) {
  return with_width(problems.m, [&](auto width) {
    return launch_for_each(problems, &counts_kernel<width>, 0, stream, counts);
  });
}

cudaError_t nondominated_mask(const SmallProblems& problems, bool keep_equal, std::uint8_t* mask,
                              cudaStream_t stream) {
  return with_width(problems.m, [&](auto width) {
    return launch_for_each(problems, &mask_kernel<width>, 0, stream, keep_equal, mask);
  });
}

}  // namespace pyhwnas::cuda
