#include "proxy/tape/packed_tape.hpp"

#include <array>
#include <cstring>
#include <stdexcept>

#include "proxy/tape/tape.hpp"

namespace pyhwnas::proxy {
namespace {

constexpr std::int64_t kMark = 0x31657061746e7970;  // the bytes "pyntape1"
constexpr std::size_t kSections = 13;
constexpr std::size_t kAlignment = 16;

struct Prefix {
  std::int64_t mark;
  std::int64_t size;  // of all bytes
  std::int32_t n_slots, n_units, n_places, n_headers, input_size, memory;
  std::array<std::int64_t, kSections> begins;
};

class Packer {
 public:
  template <class T>
  void add(std::span<const T> values) {
    bytes_.resize((bytes_.size() + kAlignment - 1) / kAlignment * kAlignment);
    prefix.begins[n_sections_++] = static_cast<std::int64_t>(bytes_.size());
    const auto section = std::as_bytes(values);
    bytes_.insert(bytes_.end(), section.begin(), section.end());
  }

  std::vector<std::byte> finish() {
    prefix.mark = kMark;
    prefix.size = static_cast<std::int64_t>(bytes_.size());
    std::memcpy(bytes_.data(), &prefix, sizeof prefix);
    return std::move(bytes_);
  }

  Prefix prefix{};

 private:
  std::vector<std::byte> bytes_ = std::vector<std::byte>(sizeof(Prefix));
  std::size_t n_sections_ = 0;
};

}  // namespace

std::vector<std::byte> pack(const Tape& tape, const PlanProgram& program) {
  Packer packer;
  packer.prefix.n_slots = static_cast<std::int32_t>(tape.slot_offsets.size()) - 1;
  packer.prefix.n_units = static_cast<std::int32_t>(program.unit_offsets.size()) - 1;
  packer.prefix.n_places = static_cast<std::int32_t>(tape.places.size());
  packer.prefix.n_headers = tape.n_headers;
  packer.prefix.input_size = tape.input_size;
  packer.prefix.memory = tape.memory;
  packer.add(program.slot_input_offsets);
  packer.add(program.slot_inputs);
  packer.add(std::span(tape.slot_offsets));
  packer.add(std::span(tape.place_of));
  packer.add(std::span(tape.places));
  packer.add(std::span(tape.input_shapes));
  packer.add(std::span(tape.repeats));
  packer.add(std::span(tape.instructions));
  packer.add(std::span(tape.constants));
  packer.add(std::span(tape.operands));
  packer.add(std::span(tape.tap_offsets));
  packer.add(std::span(tape.tap_inputs));
  packer.add(std::span(tape.tap_weights));
  return packer.finish();
}

TapeView view_of(std::span<const std::byte> packed, const std::byte* base) {
  Prefix prefix{};
  if (packed.size() >= sizeof prefix) std::memcpy(&prefix, packed.data(), sizeof prefix);
  if (prefix.mark != kMark || prefix.size != static_cast<std::int64_t>(packed.size())) {
    throw std::invalid_argument("tape must be what synflow_tape has made, got other bytes");
  }
  std::size_t next = 0;
  const auto at = [&]<class T>(const T*& pointer) {
    pointer = reinterpret_cast<const T*>(base + prefix.begins[next++]);
  };
  TapeView view{};
  view.n_slots = prefix.n_slots;
  view.n_units = prefix.n_units;
  view.n_places = prefix.n_places;
  view.n_headers = prefix.n_headers;
  view.input_size = prefix.input_size;
  view.memory = prefix.memory;
  at(view.slot_input_offsets);
  at(view.slot_inputs);
  at(view.slot_offsets);
  at(view.place_of);
  at(view.places);
  at(view.input_shapes);
  at(view.repeats);
  at(view.instructions);
  at(view.constants);
  at(view.operands);
  at(view.tap_offsets);
  at(view.tap_inputs);
  at(view.tap_weights);
  return view;
}

}  // namespace pyhwnas::proxy
