// What no Python test reaches: parallel_for itself, assertions of the views, and arguments of the
// wrong size, which the bindings cannot pass on. Exits with 1 and says what failed.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "pyhwnas/gather_sum.hpp"
#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/moo.hpp"
#include "pyhwnas/parallel_for.hpp"
#include "pyhwnas/signs.hpp"

namespace {

int failures = 0;

void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "failed: %s\n", what);
  ++failures;
}

template <class Exception, class Body>
std::string message_of(const Body& body) {
  try {
    body();
  } catch (const Exception& error) {
    return error.what();
  } catch (...) {
    return "another exception";
  }
  return "no exception";
}

// Whether an assertion ends a process that runs the body.
template <class Body>
bool aborts(const Body& body) {
  const pid_t child = fork();
  if (child == 0) {
    close(STDERR_FILENO);
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

void every_block_runs_once() {
  for (const int threads : {-1, 0, 1, 2, 7, 100}) {
    constexpr std::size_t kBlocks = 50;
    std::vector<int> runs(kBlocks, 0);
    std::atomic<bool> worker_in_range{true};
    pyhwnas::parallel_for(kBlocks, threads, [&](std::size_t block, int worker) {
      ++runs[block];
      if (worker < 0 || (worker > 0 && worker >= threads)) worker_in_range = false;
    });
    check(runs == std::vector<int>(kBlocks, 1), "every block runs once");
    check(worker_in_range, "workers are numbered below threads");
  }
  pyhwnas::parallel_for(0, 7, [](std::size_t, int) { check(false, "no blocks, no calls"); });
}

void exceptions_come_out() {
  for (const int threads : {1, 2, 7}) {
    std::atomic<int> runs{0};
    const std::string from_body = message_of<std::runtime_error>([&] {
      pyhwnas::parallel_for(100000, threads, [&](std::size_t block, int) {
        ++runs;
        if (block == 3) throw std::runtime_error("block 3");
      });
    });
    check(from_body == "block 3", "what a body throws comes out");
    check(runs < 100000, "an exception ends the loop");
  }
}

void checkpoints_are_called_by_the_caller() {
  for (const int threads : {1, 2, 7}) {
    const std::thread::id caller = std::this_thread::get_id();
    bool only_caller = true;
    int calls = 0;
    const auto cancel_at_third = [&] {
      only_caller = only_caller && std::this_thread::get_id() == caller;
      if (++calls == 3) throw std::logic_error("cancelled");
    };
    const std::string thrown = message_of<std::logic_error>([&] {
      // Without an end of its own: helpers stop because the caller does.
      pyhwnas::parallel_for(
          static_cast<std::size_t>(-1) / 2, threads,
          [](std::size_t, int) { std::this_thread::yield(); }, cancel_at_third);
    });
    check(thrown == "cancelled", "what a checkpoint throws comes out");
    check(only_caller, "only the calling thread polls");
    check(calls == 3, "nothing is polled after a cancellation");
  }
}

// The caller has nothing left to do while a helper is in a long block: it polls all the same, and
// the helper hears of it.
void a_long_block_of_a_helper_is_cancelled() {
  std::atomic<bool> helper_is_in{false};
  const std::string thrown = message_of<std::logic_error>([&] {
    pyhwnas::parallel_for(
        2, 2,
        [&](std::size_t, int worker, const pyhwnas::Checkpoint& poll) {
          if (worker == 0) {
            while (!helper_is_in) std::this_thread::yield();
            return;
          }
          helper_is_in = true;
          for (;;) {
            poll();
            std::this_thread::yield();
          }
        },
        [&] {
          if (helper_is_in) throw std::logic_error("cancelled");
        });
  });
  check(thrown == "cancelled", "a helper's long block is cancelled");
}

void less_than_one_thread_is_one() {
  namespace moo = pyhwnas::moo;
  constexpr std::size_t kRows = 20000;
  std::vector<double> values(kRows * 4);
  std::uint32_t state = 1;
  for (double& value : values) value = (state = state * 1664525U + 1013904223U) / 4294967296.0;
  const pyhwnas::MatrixView<const double> F(values.data(), kRows, 4);
  const pyhwnas::MatrixView<const double> few(values.data(), 50, 4);
  const std::vector<double> ref_point(4, 1.0);
  const auto results = [&](int threads) {
    std::vector<double> all;
    std::vector<std::int32_t> integers(kRows);
    std::vector<std::uint8_t> mask(kRows);
    moo::nondominated_sort(F, integers, threads);
    all.insert(all.end(), integers.begin(), integers.end());
    moo::dominance_degree_sort(F, integers, threads);
    all.insert(all.end(), integers.begin(), integers.end());
    moo::dominance_counts(F, integers, threads);
    all.insert(all.end(), integers.begin(), integers.end());
    moo::nondominated_mask(F, true, mask, threads);
    all.insert(all.end(), mask.begin(), mask.end());
    all.push_back(moo::hypervolume(few, ref_point, threads));
    const auto method = moo::SamplingMethod::rays;
    all.push_back(moo::hypervolume_approx(few, ref_point, 2000, 0, method, threads).value);
    std::vector<double> estimates(few.rows());
    std::vector<double> errors(few.rows());
    moo::hypervolume_contributions_approx(few, ref_point, 2000, 0, estimates, errors, threads);
    all.insert(all.end(), estimates.begin(), estimates.end());
    all.push_back(moo::igd(F, few, threads));
    return all;
  };
  check(results(0) == results(1), "no threads are one");
  check(results(-3) == results(1), "a negative number of threads is one");
}

void views_assert_their_bounds() {
  const std::vector<double> values{1, 2, 3, 4, 5, 6};
  const pyhwnas::MatrixView view(values.data(), 2, 3);
  check(view(1, 2) == 6 && view[1].size() == 3, "rows lie one after the other");
  check(pyhwnas::MatrixView<const double>().rows() == 0, "a view of nothing has no rows");
  volatile double sink = 0;
  check(aborts([&] { sink = view(2, 0); }), "a row past the end is an assertion");
  check(aborts([&] { sink = view(0, 3); }), "a column past the end is an assertion");
  check(aborts([&] { sink = view[2][0]; }), "a row span past the end is an assertion");
}

void wrong_sizes_are_said() {
  using pyhwnas::MatrixView;
  const std::vector<double> cost{1, 2};
  const std::vector<std::int32_t> ids{0, 1, -1};
  std::vector<double> sums(2);
  const auto gather = [&] { pyhwnas::gather_sum(cost, MatrixView(ids.data(), 3, 1), sums, 1); };
  check(message_of<std::invalid_argument>(gather) == "sums must have 3 entries, got 2",
        "the message names argument, expected and got");

  const std::vector<float> x(2 * 65);
  std::vector<std::uint64_t> bits(2);
  std::vector<std::int64_t> two(2), one(1);
  const MatrixView activations(x.data(), 2, 65);
  const auto pack = [&] {
    pyhwnas::proxy::pack_signs(activations, MatrixView(bits.data(), 2, 1), 1);
  };
  check(message_of<std::invalid_argument>(pack) == "bits must have shape (2, 2), got (2, 1)",
        "bits of the wrong shape");
  const auto count = [&] { pyhwnas::proxy::sign_statistics(activations, two, one, 1); };
  check(message_of<std::invalid_argument>(count) == "shared must have 2 entries, got 1",
        "counts of the wrong size");
  std::vector<std::int64_t> pairs(2);
  const auto compare = [&] {
    pyhwnas::proxy::sign_distances(activations, MatrixView(pairs.data(), 1, 2), 1);
  };
  check(
      message_of<std::invalid_argument>(compare) == "distances must have shape (2, 2), got (1, 2)",
      "distances of the wrong shape");
}

// The message of what body(view of three rows and two columns) throws.
template <class Body>
std::string refusal(const Body& body) {
  static const std::vector<double> values{1, 2, 2, 1, 3, 3};
  return message_of<std::invalid_argument>([&] { body(pyhwnas::MatrixView(values.data(), 3, 2)); });
}

void wrong_sizes_of_objectives_are_said() {
  namespace moo = pyhwnas::moo;
  using View = pyhwnas::MatrixView<const double>;
  const std::vector<double> three{4, 4, 4};
  const View wide(three.data(), 1, 3);
  const View none(three.data(), 0, 2);
  std::vector<std::uint8_t> mask(2);
  std::vector<std::int32_t> integers(4);
  std::vector<std::int64_t> chosen(4);
  std::vector<double> reals(2);
  check(refusal([&](View F) { moo::nondominated_mask(F, true, mask, 1); }) ==
            "mask must have 3 entries, got 2",
        "a mask of the wrong size");
  check(refusal([&](View F) { moo::dominance_counts(F, integers, 1); }) ==
            "counts must have 3 entries, got 4",
        "dominance counts of the wrong size");
  check(refusal([&](View F) { moo::hypervolume(F, three, 1); }) ==
            "ref_point must have 2 entries, got 3",
        "a reference point of another space");
  check(refusal([&](View F) { moo::hypervolume(View(three.data(), F.rows(), 0), {}, 1); }) ==
            "F must have at least one column, got none",
        "no objectives");
  check(refusal([&](View F) {
          moo::hypervolume_subset(F, std::span(three).first(2), chosen, 1);
        }) == "chosen must have at most as many entries as F has rows",
        "a subset larger than the set");
  check(refusal([&](View F) { moo::covered(F, wide, std::span(mask), 1); }) ==
            "mask must have 3 entries, got 2",
        "a mask of covered rows of the wrong size");
  check(
      refusal([&](View F) { moo::igd(F, wide, 1); }) == "each row of R must have 2 entries, got 3",
      "a reference set of another space");
  check(refusal([&](View F) { moo::igd_plus(F, none, 1); }) ==
            "R must have at least one row, got none",
        "an empty reference set");
  const auto without_columns = [&](auto indicator) {
    return refusal([&](View F) {
      const View rows(F.data(), F.rows(), 0);
      indicator(rows, rows, 1, pyhwnas::Checkpoint{});
    });
  };
  for (const auto indicator :
       {&moo::igd, &moo::igd_plus, &moo::epsilon_additive, &moo::epsilon_multiplicative}) {
    check(without_columns(indicator) == "F must have at least one column, got none",
          "sets without columns");
  }
  check(refusal([&](View F) { moo::r2(F, three, F, 1); }) == "ideal must have 2 entries, got 3",
        "an ideal point of another space");
}

}  // namespace

int main() {
  every_block_runs_once();
  exceptions_come_out();
  checkpoints_are_called_by_the_caller();
  a_long_block_of_a_helper_is_cancelled();
  less_than_one_thread_is_one();
  views_assert_their_bounds();
  wrong_sizes_are_said();
  wrong_sizes_of_objectives_are_said();
  return failures == 0 ? 0 : 1;
}
