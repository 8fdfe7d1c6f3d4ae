#include "proto/register_rule_conversion.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/optional.h"
#include "core/error.h"

namespace armstate {
namespace {

absl::Status MalformedRegister(uint64_t raw_id, absl::string_view what) {
  const std::string id = absl::StrFormat("0x%016x", raw_id);
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kCpuProfileMalformed,
                   absl::StrCat("register ", id, ": ", what), {{"register_id", id}});
}

// Converts 64-bit words, least significant first, to the little-endian bytes of a register. Omitted words are 0.
absl::StatusOr<std::string> ValueFromWords(const google::protobuf::RepeatedField<uint64_t>& words, RegisterId id,
                                           absl::string_view field) {
  std::string value(id.width(), '\0');
  for (int i = 0; i < words.size(); ++i) {
    for (size_t byte = 0; byte < sizeof(uint64_t); ++byte) {
      const auto bits = static_cast<char>(words[i] >> 8 * byte);
      const size_t offset = static_cast<size_t>(i) * sizeof(uint64_t) + byte;
      if (offset < value.size()) {
        value[offset] = bits;
      } else if (bits != 0) {
        return MalformedRegister(id.raw(),
                                 absl::StrCat(field, " is wider than the ", 8 * id.width(), " bits of its ID"));
      }
    }
  }
  return value;
}

// Parses the ID of another register that this one depends on.
absl::StatusOr<RegisterId> OtherId(RegisterId id, uint64_t other) {
  const absl::StatusOr<RegisterId> created = RegisterId::Create(other);
  if (!created.ok()) return MalformedRegister(id.raw(), absl::StrCat("its behaviour: ", created.status().message()));
  return created;
}

CounterBitsBehaviour::Write CounterWriteFromProto(v1::RegisterRule::CounterBits::Write write) {
  switch (write) {
    case v1::RegisterRule::CounterBits::WRITE_SET:
      return CounterBitsBehaviour::Write::kSet;
    case v1::RegisterRule::CounterBits::WRITE_CLEAR:
      return CounterBitsBehaviour::Write::kClear;
    default:
      return CounterBitsBehaviour::Write::kAssign;
  }
}

absl::StatusOr<RegisterBehaviour> BehaviourFromProto(RegisterId id, const v1::RegisterRule& message) {
  switch (message.behaviour_case()) {
    case v1::RegisterRule::kVectorLengths:
      return VectorLengthsBehaviour{};
    case v1::RegisterRule::kVectorData:
      return VectorDataBehaviour{message.vector_data().bits_per_quadword()};
    case v1::RegisterRule::kCounterControl:
      return CounterControlBehaviour{};
    case v1::RegisterRule::kCounterBits:
      return CounterBitsBehaviour{CounterWriteFromProto(message.counter_bits().write())};
    case v1::RegisterRule::kTimerControl: {
      const absl::StatusOr<RegisterId> compare = OtherId(id, message.timer_control().compare_id());
      if (!compare.ok()) return compare.status();
      const absl::StatusOr<RegisterId> counter = OtherId(id, message.timer_control().counter_id());
      if (!counter.ok()) return counter.status();
      return TimerControlBehaviour{*compare, *counter};
    }
    case v1::RegisterRule::kFirmwareLevel: {
      const absl::StatusOr<RegisterId> controller = OtherId(id, message.firmware_level().id());
      if (!controller.ok()) return controller.status();
      const auto& ignored = message.firmware_level().ignored();
      return FirmwareLevelBehaviour{*controller,
                                    message.firmware_level().mask(),
                                    message.firmware_level().level(),
                                    {ignored.begin(), ignored.end()}};
    }
    case v1::RegisterRule::kNarrowInAarch32: {
      const absl::StatusOr<RegisterId> state = OtherId(id, message.narrow_in_aarch32().state_id());
      if (!state.ok()) return state.status();
      return NarrowInAArch32Behaviour{*state, message.narrow_in_aarch32().in_user_mode()};
    }
    case v1::RegisterRule::kMovingCounter:
      return MovingCounterBehaviour{};
    case v1::RegisterRule::BEHAVIOUR_NOT_SET:
      break;
  }
  return RegisterBehaviour{};
}

absl::optional<WriteRule> WriteRuleFromProto(const v1::RegisterRule& message) {
  if (message.refused().empty() && message.undetermined() == 0 && message.fields().empty() &&
      message.values().empty() && message.refused_if_zero().empty() && message.error().empty()) {
    return absl::nullopt;
  }
  WriteRule rule;
  for (const v1::RegisterRule::RefusedBits& bits : message.refused()) {
    rule.refused.push_back({bits.mask(), bits.error()});
  }
  rule.undetermined = message.undetermined();
  for (const v1::RegisterRule::FieldRule& field : message.fields()) {
    WriteRule::Field& added = rule.fields.emplace_back();
    added.shift = field.shift();
    added.width = field.width();
    added.accepted = field.accepted();
    added.refused = field.refused();
    for (const auto& read_back : field.read_back()) added.read_back.push_back({read_back.wrote(), read_back.reads()});
  }
  for (const v1::RegisterRule::ValueRule& value : message.values()) {
    rule.values.push_back({value.value(), value.error(), value.reads()});
  }
  rule.refused_if_zero.assign(message.refused_if_zero().begin(), message.refused_if_zero().end());
  rule.error = message.error();
  return rule;
}

}  // namespace

absl::StatusOr<RegisterRule> RegisterRuleFromProto(const v1::RegisterRule& message) {
  const absl::StatusOr<RegisterId> id = RegisterId::Create(message.id());
  if (!id.ok()) return MalformedRegister(message.id(), id.status().message());
  absl::StatusOr<std::string> reset = ValueFromWords(message.reset(), *id, "reset");
  if (!reset.ok()) return reset.status();
  absl::StatusOr<std::string> writable = ValueFromWords(message.writable(), *id, "writable");
  if (!writable.ok()) return writable.status();
  absl::optional<RegisterRule::View> view;
  if (message.has_view()) {
    const absl::StatusOr<RegisterId> owner = RegisterId::Create(message.view().id());
    if (!owner.ok()) return MalformedRegister(id->raw(), absl::StrCat("its view: ", owner.status().message()));
    view = RegisterRule::View{*owner, message.view().shift()};
  }
  absl::StatusOr<RegisterBehaviour> behaviour = BehaviourFromProto(*id, message);
  if (!behaviour.ok()) return behaviour.status();
  return RegisterRule{*id,
                      *std::move(reset),
                      *std::move(writable),
                      view,
                      {message.reset_per_further_vcpu(), message.reset_per_vcpu_index(),
                       message.counted_further_vcpus(), message.vcpus_per_aff1()},
                      WriteRuleFromProto(message),
                      *behaviour,
                      message.vm_wide(),
                      message.upper_half(),
                      message.upper_writable(),
                      message.always_undetermined()};
}

}  // namespace armstate
