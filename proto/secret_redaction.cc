#include "proto/secret_redaction.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "armstate/v1/checkpoint.pb.h"
#include "armstate/v1/comparison.pb.h"
#include "armstate/v1/decoded_value.pb.h"
#include "armstate/v1/register_list.pb.h"
#include "armstate/v1/restore.pb.h"
#include "armstate/v1/restore_plan.pb.h"
#include "armstate/v1/restore_report.pb.h"
#include "core/catalog.h"
#include "core/register_selector.h"

namespace armstate {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Registers by the names that an answer gives again and again.
using KnownNames = absl::flat_hash_map<std::string, bool>;

bool IsSecretName(const std::string& name, KnownNames& known) {
  const auto [entry, is_new] = known.try_emplace(name, false);
  if (is_new) {
    for (const IdScheme scheme : {IdScheme::kKvm, IdScheme::kTcg}) {
      const absl::StatusOr<RegisterSelector> selector = ParseRegisterSelector(name, scheme);
      entry->second = entry->second || (selector.ok() && IsSecretRegister(selector->id));
    }
  }
  return entry->second;
}

void RedactList(v1::RegisterList& list) {
  std::string kept;
  size_t copied = 0, offset = 0;  // in the old values
  for (const uint64_t id : list.ids()) {
    const absl::StatusOr<RegisterId> parsed = RegisterId::Create(id);
    const size_t width = parsed.ok() ? parsed->width() : 0;
    if (parsed.ok() && IsSecretRegister(*parsed)) {
      kept.append(list.values(), copied, offset - copied);
      copied = offset + width;
      list.add_redacted_ids(id);
    }
    offset += width;
  }
  if (list.redacted_ids().empty()) return;
  // A list of this program has as many bytes as its registers; of no other one can be said which are whose.
  if (offset == list.values().size()) {
    kept.append(list.values(), copied, std::string::npos);
  } else {
    kept.clear();
  }
  list.set_values(std::move(kept));
}

void RedactDecoded(v1::DecodedRegister& decoded) {
  uint64_t id = 0;
  if (!absl::SimpleHexAtoi(decoded.id(), &id) || !IsSecretRegister(id)) return;
  decoded.set_value(std::string(kRedacted));
  decoded.clear_fields();
  decoded.set_is_redacted(true);
}

void RedactValue(v1::DecodedValue& value, KnownNames& known) {
  if (value.value().empty() || !IsSecretName(value.name(), known)) return;
  value.set_value(std::string(kRedacted));
  value.clear_meaning();
  value.set_is_redacted(true);
}

void RedactChange(v1::RegisterChange& change) {
  if (!IsSecretRegister(change.register_id())) return;
  const bool differs = !change.old_value().empty() && change.old_value() != change.new_value();
  if (!change.old_value().empty()) change.set_old_value(std::string(kRedacted));
  if (!change.new_value().empty()) change.set_new_value(differs ? "changed" : std::string(kRedacted));
  change.clear_fields();
  change.set_is_redacted(true);
}

// Replaces each "0x..." of a sentence about a secret register.
std::string WithoutNumbers(absl::string_view text) {
  std::string result;
  for (size_t begin = text.find("0x"); begin != absl::string_view::npos; begin = text.find("0x")) {
    size_t end = begin + 2;
    while (end < text.size() && absl::ascii_isxdigit(static_cast<unsigned char>(text[end]))) ++end;
    absl::StrAppend(&result, text.substr(0, begin), "(", kRedacted, ")");
    text.remove_prefix(end);
  }
  return absl::StrCat(result, text);
}

void RedactReport(v1::RegisterReport& report) {
  if (!IsSecretRegister(report.register_id())) return;
  report.set_reason(WithoutNumbers(report.reason()));
  report.set_advice(WithoutNumbers(report.advice()));
  report.set_put_back_error(WithoutNumbers(report.put_back_error()));
  report.clear_wanted();
  report.clear_got();
  report.clear_fields();
  report.set_is_redacted(true);
}

void RedactWrite(v1::PlannedWrite& write) {
  if (!IsSecretRegister(write.register_id())) return;
  write.clear_value();
  write.set_is_redacted(true);
}

void RedactDifference(v1::PredictionDifference& difference) {
  if (!IsSecretRegister(difference.register_id())) return;
  difference.clear_predicted_got();
  difference.clear_actual_got();
}

using Redact = void (*)(Message&, KnownNames&);

// Makes a Redact of a function for one type of messages.
template <typename Type, void (*redact)(Type&)>
void Cast(Message& message, KnownNames&) {
  redact(static_cast<Type&>(message));
}

Redact RedactOf(const Descriptor* type) {
  static const auto* const all = new absl::flat_hash_map<const Descriptor*, Redact>{
      {v1::RegisterList::descriptor(), &Cast<v1::RegisterList, RedactList>},
      {v1::DecodedRegister::descriptor(), &Cast<v1::DecodedRegister, RedactDecoded>},
      {v1::DecodedValue::descriptor(),
       [](Message& message, KnownNames& known) { RedactValue(static_cast<v1::DecodedValue&>(message), known); }},
      {v1::RegisterChange::descriptor(), &Cast<v1::RegisterChange, RedactChange>},
      {v1::RegisterReport::descriptor(), &Cast<v1::RegisterReport, RedactReport>},
      {v1::PlannedWrite::descriptor(), &Cast<v1::PlannedWrite, RedactWrite>},
      {v1::PredictionDifference::descriptor(), &Cast<v1::PredictionDifference, RedactDifference>},
  };
  const auto found = all->find(type);
  return found == all->end() ? nullptr : found->second;
}

// This says what to do with messages of one type: a Redact, or the fields that lead to messages with one.
struct Plan {
  Redact redact = nullptr;
  std::vector<std::pair<const FieldDescriptor*, const Plan*>> fields;

  bool is_empty() const { return redact == nullptr && fields.empty(); }
};

// Thread-safe.
class Plans {
 public:
  const Plan* Of(const Descriptor* type) {
    const absl::MutexLock lock(&mutex_);
    return Find(type);
  }

 private:
  const Plan* Find(const Descriptor* type) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::unique_ptr<Plan>& known = plans_[type];
    if (known != nullptr) return known.get();  // a type that contains itself adds nothing to what it has
    known = std::make_unique<Plan>();
    Plan* const plan = known.get();
    plan->redact = RedactOf(type);
    if (plan->redact != nullptr) return plan;
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* const field = type->field(i);
      if (field->message_type() == nullptr) continue;
      const Plan* const inner = Find(field->message_type());
      if (!inner->is_empty()) plan->fields.emplace_back(field, inner);
    }
    return plan;
  }

  absl::Mutex mutex_;
  absl::flat_hash_map<const Descriptor*, std::unique_ptr<Plan>> plans_ ABSL_GUARDED_BY(mutex_);
};

const Plan& PlanOf(const Descriptor* type) {
  static auto* const plans = new Plans;
  return *plans->Of(type);
}

// As deep as the types are nested, whatever the message holds.
void Apply(const Plan& plan, Message& message, KnownNames& known) {
  if (plan.redact != nullptr) return plan.redact(message, known);
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  for (const auto& [field, inner] : plan.fields) {
    if (field->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        Apply(*inner, *reflection.MutableRepeatedMessage(&message, field, i), known);
      }
    } else if (reflection.HasField(message, field)) {
      Apply(*inner, *reflection.MutableMessage(&message, field), known);
    }
  }
}

}  // namespace

void RedactSecrets(Message& message) {
  KnownNames known;
  Apply(PlanOf(message.GetDescriptor()), message, known);
}

bool MayHoldSecrets(const Descriptor& type) { return !PlanOf(&type).is_empty(); }

bool AsksForSecrets(const Message& request) {
  const FieldDescriptor* const field = request.GetDescriptor()->FindFieldByName("include_secrets");
  return field != nullptr && request.GetReflection()->GetBool(request, field);
}

}  // namespace armstate
