// Rows that a few good ones dominate, found by reading all rows once.
//
// Of a sample, each elite is the row with the least weighted sum of its normalised objectives: one
// elite with equal weights, which dominates most, the others with weights that favour one objective
// or another. While rows are read, those that survive take an elite's place if their sum is less,
// so the elites become as good as all rows read so far, at a cost for survivors only. Of rows
// spread over a cube, elites found among n rows spare O(n^(1 - 1/m)).
//
// Blocks of rows are turned into columns, so that one instruction compares several rows with an
// elite. A row that ties with an elite in the first objective is spared without a closer look, and
// so equal rows are.
#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <memory>
#include <numeric>

#include "moo/dominance/first_front.hpp"
#include "simd/level.hpp"

namespace pyhwnas::moo {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kElites = 8;
constexpr std::size_t kSample = 512;
constexpr std::size_t kRowsPerBatch = 256;                   // columns that stay in the L1
constexpr std::size_t kRowsPerBlock = std::size_t{1} << 16;  // of one thread
constexpr std::size_t kFewLeft = 8;                          // of a batch: not worth an elite
constexpr std::size_t kLeastRows = 8 * kSample;              // fewer: not worth a sample
constexpr std::size_t kLeastKills = kSample / 16;            // of the sample

// Affine maps of the objectives that bring a sample's lower halves to about [0, 1], and weights.
// Infinite values make sums that are infinite or NaN, which are never the least.
class Scores {
 public:
  explicit Scores(MatrixView<const double> sample)
      : m_(sample.cols()), low_(m_), factors_(kElites * m_) {
    std::vector<double> values(sample.rows());
    for (std::size_t k = 0; k < m_; ++k) {
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = sample(i, k);
      const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
      std::nth_element(values.begin(), middle, values.end());
      low_[k] = *std::min_element(values.begin(), middle + 1);
      const double range = *middle - low_[k];
      for (std::size_t e = 0; e < kElites; ++e) {
        // Elite 1 favours objective 0, 2 objective 1 and so on, the second time around more.
        const bool favoured = e > 0 && (e - 1) % m_ == k;
        const double weight = favoured ? ((e - 1) / m_ % 2 == 0 ? 3.0 : 9.0) : 1.0;
        factors_[e * m_ + k] = range > 0.0 && range < kInfinity ? weight / range : 0.0;
      }
    }
  }

  double of(const double* row, std::size_t elite) const {
    double sum = 0.0;
    for (std::size_t k = 0; k < m_; ++k) sum += (row[k] - low_[k]) * factors_[elite * m_ + k];
    return sum;
  }

 private:
  std::size_t m_;
  std::vector<double> low_;
  std::vector<double> factors_;
};

// A few rows that others are compared with, and the batch of others it is at.
class Sieve {
 public:
  // Rows of infinities, which dominate nothing.
  Sieve(std::size_t m, std::size_t n_elites)
      : m_(m), elites_(m * n_elites, kInfinity), columns_(m * kRowsPerBatch) {}

  void set(std::size_t elite, const double* row) {
    std::copy_n(row, m_, elites_.begin() + static_cast<std::ptrdiff_t>(elite * m_));
  }

  // Marks those of at most kRowsPerBatch rows that an elite dominates, and counts the others.
  template <std::size_t kObjectives>
  [[gnu::always_inline]] std::size_t sift(const double* rows, std::size_t count) {
    const std::size_t m = kObjectives == 0 ? m_ : kObjectives;
    double* columns = columns_.data();
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t k = 0; k < m; ++k) columns[k * kRowsPerBatch + i] = rows[i * m + k];
    }
    for (std::size_t i = count; i < kRowsPerBatch; ++i) columns[i] = -kInfinity;
    killed_.fill(0);
    std::size_t left = count;
    for (std::size_t e = 0; e < elites_.size() && left > kFewLeft; e += m) {
      left = count - kill<kObjectives>(elites_.data() + e);
    }
    return left;
  }

  bool is_killed(std::size_t i) const { return killed_[i] != 0; }

 private:
  // Marks what the elite dominates of the batch, and counts all that is marked.
  template <std::size_t kObjectives>
  [[gnu::always_inline]] std::size_t kill(const double* elite) {
    const double* columns = columns_.data();
    if constexpr (kObjectives == 0) {
      for (std::size_t i = 0; i < kRowsPerBatch; ++i) covered_[i] = elite[0] < columns[i];
      for (std::size_t k = 1; k < m_; ++k) {
        columns += kRowsPerBatch;
        for (std::size_t i = 0; i < kRowsPerBatch; ++i) covered_[i] &= elite[k] <= columns[i];
      }
    } else {
      for (std::size_t i = 0; i < kRowsPerBatch; ++i) {
        std::int64_t covered = elite[0] < columns[i];
        for (std::size_t k = 1; k < kObjectives; ++k) {
          covered &= elite[k] <= columns[k * kRowsPerBatch + i];
        }
        covered_[i] = covered;
      }
    }
    std::int64_t n_killed = 0;
    for (std::size_t i = 0; i < kRowsPerBatch; ++i) {
      killed_[i] |= covered_[i];
      n_killed += killed_[i];
    }
    return static_cast<std::size_t>(n_killed);
  }

  std::size_t m_;
  std::vector<double> elites_;
  std::vector<double> columns_;
  std::array<std::int64_t, kRowsPerBatch> covered_{};
  std::array<std::int64_t, kRowsPerBatch> killed_{};
};

// A sieve whose elites are the best rows that were offered.
class Elites {
 public:
  Elites(std::size_t m, const Scores& scores)
      : sieve(m, std::min(m + 1, kElites)), scores_(&scores), n_elites_(std::min(m + 1, kElites)) {
    best_.fill(kInfinity);
  }

  void offer(const double* row) {
    for (std::size_t e = 0; e < n_elites_; ++e) {
      const double score = scores_->of(row, e);
      if (!(score < best_[e])) continue;
      best_[e] = score;
      sieve.set(e, row);
    }
  }

  Sieve sieve;

 private:
  const Scores* scores_;
  std::size_t n_elites_;
  std::array<double, kElites> best_;
};

struct Range {
  std::size_t begin;
  std::size_t end;
};

// Writes the survivors among a range of rows, offers them, and returns how many there are.
template <std::size_t kObjectives, class Offer>
std::size_t sift_range(MatrixView<const double> F, Range range, Sieve& sieve,
                       std::uint32_t* survivors, const Offer& offer) {
  return simd::widest([&]() __attribute__((always_inline)) {
    std::size_t n_survivors = 0;
    for (std::size_t batch = range.begin; batch < range.end; batch += kRowsPerBatch) {
      const std::size_t count = std::min(kRowsPerBatch, range.end - batch);
      const double* rows = F.data() + batch * F.cols();
      // The next batch is fetched while this one is sifted: reading is most of the work.
      for (std::size_t x = 0; x < kRowsPerBatch * F.cols(); x += 8) {
        __builtin_prefetch(rows + kRowsPerBatch * F.cols() + x);
      }
      if (sieve.sift<kObjectives>(rows, count) == 0) continue;
      for (std::size_t i = 0; i < count; ++i) {
        if (sieve.is_killed(i)) continue;
        survivors[n_survivors++] = static_cast<std::uint32_t>(batch + i);
        offer(rows + i * F.cols());
      }
    }
    return n_survivors;
  });
}

template <class Offer>
std::size_t sift_range(MatrixView<const double> F, Range range, Sieve& sieve,
                       std::uint32_t* survivors, const Offer& offer) {
  switch (F.cols()) {
    case 2:
      return sift_range<2>(F, range, sieve, survivors, offer);
    case 3:
      return sift_range<3>(F, range, sieve, survivors, offer);
    case 4:
      return sift_range<4>(F, range, sieve, survivors, offer);
    case 5:
      return sift_range<5>(F, range, sieve, survivors, offer);
    case 6:
      return sift_range<6>(F, range, sieve, survivors, offer);
    case 8:
      return sift_range<8>(F, range, sieve, survivors, offer);
    default:
      return sift_range<0>(F, range, sieve, survivors, offer);
  }
}

std::size_t blocks_of(std::size_t n) {
  return (n + kRowsPerBlock - 1) / kRowsPerBlock;
}

// sift(range, worker, survivors) for all rows, in blocks; all survivors.
template <class Sift>
std::vector<std::uint32_t> sift_blocks(std::size_t n, int threads, const Checkpoint& checkpoint,
                                       const Sift& sift) {
  // Pages that no survivor is written to cost nothing.
  const std::unique_ptr<std::uint32_t[]> sparse(new std::uint32_t[n]);
  const std::size_t n_blocks = blocks_of(n);
  std::vector<std::size_t> counts(n_blocks);
  const auto sift_block = [&](std::size_t block, int worker) {
    const std::size_t begin = block * kRowsPerBlock;
    const Range range{begin, std::min(n, begin + kRowsPerBlock)};
    counts[block] = sift(range, static_cast<std::size_t>(worker), sparse.get() + begin);
  };
  parallel_for(n_blocks, threads, sift_block, checkpoint);
  std::vector<std::uint32_t> survivors;
  survivors.reserve(std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
  for (std::size_t block = 0; block < n_blocks; ++block) {
    const std::uint32_t* begin = sparse.get() + block * kRowsPerBlock;
    survivors.insert(survivors.end(), begin, begin + counts[block]);
  }
  return survivors;
}

std::vector<double> evenly_spaced_rows(MatrixView<const double> F, std::size_t count) {
  std::vector<double> sample(count * F.cols());
  for (std::size_t s = 0; s < count; ++s) {
    const std::span<const double> row = F[s * F.rows() / count];
    std::copy(row.begin(), row.end(), sample.begin() + static_cast<std::ptrdiff_t>(s * F.cols()));
  }
  return sample;
}

}  // namespace

std::vector<std::uint32_t> survivors_of_elites(MatrixView<const double> F, int threads,
                                               const Checkpoint& checkpoint) {
  const std::size_t n = F.rows();
  if (n < kLeastRows || F.cols() < 2) return {};
  const std::vector<double> sample = evenly_spaced_rows(F, kSample);
  const MatrixView<const double> sampled(sample.data(), kSample, F.cols());
  const Scores scores(sampled);
  Elites first(F.cols(), scores);
  for (std::size_t s = 0; s < kSample; ++s) first.offer(sampled[s].data());
  std::array<std::uint32_t, kSample> spared;
  const std::size_t n_spared =
      sift_range(sampled, {0, kSample}, first.sieve, spared.data(), [](const double*) {});
  if (n_spared > kSample - kLeastKills) return {};

  // Each thread betters its own elites. Which rows survive depends on who met which rows; the
  // first front is among them in any case.
  std::vector<Elites> elites(worker_count(blocks_of(n), threads), first);
  return sift_blocks(n, threads, checkpoint,
                     [&](Range range, std::size_t worker, std::uint32_t* survivors) {
                       Elites& own = elites[worker];
                       return sift_range(F, range, own.sieve, survivors,
                                         [&own](const double* row) { own.offer(row); });
                     });
}

std::vector<std::uint32_t> survivors_of_best(MatrixView<const double> F, std::size_t n_best,
                                             int threads, const Checkpoint& checkpoint) {
  const std::size_t n = F.rows();
  const std::vector<double> sample = evenly_spaced_rows(F, std::min(n, kSample));
  const Scores scores({sample.data(), std::min(n, kSample), F.cols()});
  std::vector<std::pair<double, std::uint32_t>> ranking(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double score = scores.of(F[i].data(), 0);
    ranking[i] = {score == score ? score : kInfinity, static_cast<std::uint32_t>(i)};
  }
  n_best = std::min(n_best, n);
  const auto end = ranking.begin() + static_cast<std::ptrdiff_t>(n_best);
  std::nth_element(ranking.begin(), end - 1, ranking.end());
  std::sort(ranking.begin(), end);
  Sieve sieve(F.cols(), n_best);
  for (std::size_t e = 0; e < n_best; ++e) sieve.set(e, F[ranking[e].second].data());
  std::vector<Sieve> sieves(worker_count(blocks_of(n), threads), sieve);
  return sift_blocks(n, threads, checkpoint,
                     [&](Range range, std::size_t worker, std::uint32_t* survivors) {
                       return sift_range(F, range, sieves[worker], survivors, [](const double*) {});
                     });
}

}  // namespace pyhwnas::moo
