// The classes of tensors: of their channels, rows and columns.
#pragma once

#include <span>

#include "networks/plan_program.hpp"
#include "proxy/tape/classes.hpp"
#include "proxy/tape/instruction.hpp"

namespace pyhwnas::proxy {

struct ValueClasses {
  Classes channels;
  Classes rows;
  Classes columns;

  bool operator==(const ValueClasses&) const = default;

  // Numbers that stand for the tensor.
  std::int64_t count() const {
    return std::int64_t{channels.count()} * rows.count() * columns.count();
  }
};

ValueClasses common(const ValueClasses& a, const ValueClasses& b);

// Constant in all pixels, and over the channels where weights are alike.
ValueClasses constant(const Shape& shape, Weights weights);

// What a node makes of tensors with these classes.
ValueClasses classes_after(const Node& node, std::span<const ValueClasses* const> inputs,
                           Weights weights);

}  // namespace pyhwnas::proxy
