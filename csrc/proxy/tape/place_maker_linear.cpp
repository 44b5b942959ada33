// Linear operations: axis by axis where all weights are alike, as convolutions where they are
// given.
#include <cmath>

#include "proxy/tape/place_maker.hpp"

namespace pyhwnas::proxy {
namespace {

bool has_weights(Opcode op) {
  return op == Opcode::conv || op == Opcode::linear || op == Opcode::channel_conv;
}

double fan_in(const Node& node, std::int64_t channels) {
  const auto kernel = static_cast<double>(node.window.kernel);
  if (node.op == Opcode::channel_conv) return kernel;
  return static_cast<double>(channels / node.groups) * kernel * kernel;
}

std::vector<Tap> channel_taps(const Node& node, std::int64_t n_in, std::int64_t at) {
  std::vector<Tap> taps;
  switch (node.op) {
    case Opcode::conv:
    case Opcode::linear: {
      const std::int64_t group_in = n_in / node.groups;
      const std::int64_t group = at / (node.shape.channels / node.groups);
      for (std::int64_t c = group * group_in; c < (group + 1) * group_in; ++c)
        taps.push_back({c, 1});
      return taps;
    }
    case Opcode::channel_conv:
      for (const std::int64_t c :
           taps_of({node.window.kernel, 1, node.window.kernel / 2, 1}, at, n_in)) {
        if (c >= 0) taps.push_back({c, 1});
      }
      return taps;
    case Opcode::shuffle:
      return {{at % node.groups * (n_in / node.groups) + at / node.groups, 1}};
    default:
      return {{at, 1}};
  }
}

std::vector<Tap> pixel_taps(const Node& node, std::int64_t n_in, std::int64_t n_out,
                            std::int64_t at) {
  std::vector<Tap> taps;
  switch (node.op) {
    case Opcode::conv:
    case Opcode::linear:
    case Opcode::avgpool:
      for (const std::int64_t position : taps_of(node.window, at, n_in)) {
        if (position >= 0) taps.push_back({position, 1});
      }
      if (node.op == Opcode::avgpool) {
        for (Tap& tap : taps) tap.weight = 1.0 / static_cast<double>(taps.size());
      }
      return taps;
    case Opcode::global_avgpool:
      for (std::int64_t position = 0; position < n_in; ++position) {
        taps.push_back({position, 1.0 / static_cast<double>(n_in)});
      }
      return taps;
    default:  // crop keeps the last ones, all others every one
      return {{n_in - n_out + at, 1}};
  }
}

}  // namespace

PlaceMaker::Operators PlaceMaker::operators_of(const Node& node, const ValueClasses& in,
                                               const ValueClasses& out) const {
  const auto pixels = [&](const Classes& from, const Classes& to) {
    return summing(from, to,
                   [&](std::int64_t at) { return pixel_taps(node, from.size(), to.size(), at); });
  };
  return {summing(in.channels, out.channels,
                  [&](std::int64_t at) { return channel_taps(node, in.channels.size(), at); }),
          pixels(in.rows, out.rows), pixels(in.columns, out.columns)};
}

void PlaceMaker::make_linear(const Node& node, const Value& target) {
  const Value input = input_of(node);
  Constants constants{1.0, 0.0};
  if (has_weights(node.op)) {
    constants.factor = weight_gain_ / std::sqrt(fan_in(node, input.classes.channels.size()));
    if (node.bias && node.op != Opcode::channel_conv) constants.bias = constants.factor;
  }
  contract(input, operators_of(node, input.classes, target.classes), target, constants,
           has_weights(node.op));
}

PlaceMaker::Value PlaceMaker::copied(const Value& value, const ValueClasses& classes) {
  const Shape shape{classes.channels.size(), classes.rows.size(), classes.columns.size()};
  const Value target = temporary(classes);
  contract(value, operators_of({Opcode::relu, shape, {}, 1, false, {}}, value.classes, classes),
           target, {1.0, 0.0}, false);
  copies_.push_back(target.operand.offset);
  return target;
}

void PlaceMaker::contract(const Value& from, const Operators& operators, const Value& target,
                          Constants constants, bool has_weights) {
  std::array<std::int32_t, 3> sizes{from.classes.channels.count(), from.classes.rows.count(),
                                    from.classes.columns.count()};
  const std::array<std::int32_t, 3> wanted{
      target.classes.channels.count(), target.classes.rows.count(), target.classes.columns.count()};
  std::vector<std::size_t> axes;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto multiple = operators[axis].multiple_of_identity(sizes[axis]);
    if (multiple) constants.factor *= *multiple;
    if (!multiple) axes.push_back(axis);
  }
  // Passes that leave less come first.
  std::stable_sort(axes.begin(), axes.end(), [&](std::size_t a, std::size_t b) {
    return std::int64_t{wanted[a]} * sizes[b] < std::int64_t{wanted[b]} * sizes[a];
  });
  Operand operand = from.operand;
  std::int64_t previous = -1;
  for (std::size_t k = 0; k < std::max<std::size_t>(axes.size(), 1); ++k) {
    const bool is_last = k + 1 >= axes.size();
    Instruction made = begin(Action::contract, target);
    if (!axes.empty()) {
      const std::size_t axis = axes[k];
      made.taps = number_of(operators[axis]);
      made.outer = 1;
      made.inner = 1;
      for (std::size_t a = 0; a < axis; ++a) made.outer *= sizes[a];
      for (std::size_t a = axis + 1; a < 3; ++a) made.inner *= sizes[a];
      made.n_in = sizes[axis];
      made.n_out = wanted[axis];
      sizes[axis] = wanted[axis];
    }
    std::int64_t scratch = -1;
    Operand result = target.operand;
    if (!is_last) {
      const std::int64_t size = std::int64_t{sizes[0]} * sizes[1] * sizes[2];
      scratch = memory_->take(2 * size);
      const auto header = static_cast<std::int32_t>(program_.slots.size()) + 1 + n_temporaries_++;
      result = {-1, static_cast<std::int32_t>(scratch), header, static_cast<std::int32_t>(size), 0};
      made.out = result.offset;
      made.header = result.header;
    }
    made.has_weights = is_last && has_weights;
    append(made, std::span(&operand, 1), is_last ? constants : Constants{1.0, 0.0});
    if (previous >= 0) memory_->give_back(previous);
    previous = scratch;
    operand = result;
  }
}

void PlaceMaker::make_convolution(const Node& node, const Value& target) {
  const Value& input = input_of(node);
  const Operand operand = input.operand;
  Instruction made = begin(Action::convolve, target);
  made.in_rows = input.classes.rows.count();
  made.in_columns = input.classes.columns.count();
  made.row_kernel = static_cast<std::int32_t>(node.window.kernel);
  made.column_kernel = made.row_kernel;
  made.taps = number_of(listing(input.classes.rows, target.classes.rows, node.window));
  made.column_taps = number_of(listing(input.classes.columns, target.classes.columns, node.window));
  made.groups = static_cast<std::int32_t>(node.groups);
  made.group_in = static_cast<std::int32_t>(input.classes.channels.size() / node.groups);
  made.group_out = static_cast<std::int32_t>(node.shape.channels / node.groups);
  made.weights = n_weights_;
  n_weights_ += made.groups * made.group_out * made.group_in * made.row_kernel * made.column_kernel;
  if (node.bias) {
    made.bias = n_weights_;
    n_weights_ += made.groups * made.group_out;
  }
  append(made, std::span(&operand, 1), {1.0, 0.0});
}

// One channel whose rows are the channels.
void PlaceMaker::make_channel_convolution(const Node& node, const Value& target) {
  const Value& input = input_of(node);
  const Operand operand = input.operand;
  const std::int64_t kernel = node.window.kernel;
  Instruction made = begin(Action::convolve, target);
  made.outer = 1;
  made.n_out = target.classes.channels.count();
  made.inner = 1;
  made.in_rows = input.classes.channels.count();
  made.in_columns = 1;
  made.row_kernel = static_cast<std::int32_t>(kernel);
  made.column_kernel = 1;
  made.taps = number_of(
      listing(input.classes.channels, target.classes.channels, {kernel, 1, kernel / 2, 1}));
  made.column_taps = number_of(listing(Classes::one(1), Classes::one(1), {}));
  made.groups = made.group_in = made.group_out = 1;
  made.weights = n_weights_;
  n_weights_ += made.row_kernel;
  append(made, std::span(&operand, 1), {1.0, 0.0});
}

}  // namespace pyhwnas::proxy
