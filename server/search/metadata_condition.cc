#include "server/search/metadata_condition.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "proto/enum_name.h"

namespace armstate {
namespace {

constexpr absl::string_view kNames[] = {"vm",
                                        "version",
                                        "vcpu",
                                        "vcpu_count",
                                        "register_count",
                                        "create_time",
                                        "capture_time",
                                        "labels",
                                        "source.accelerator",
                                        "source.hypervisor",
                                        "source.hypervisor_version",
                                        "source.host_kernel",
                                        "source.machine_type",
                                        "source.cpu_model",
                                        "source.host",
                                        "source.vcpu_features",
                                        "source.cpu_profile"};

// A comparison with text, in which a "*" at either end matches any text; ":" also matches substrings.
struct TextTest {
  static absl::StatusOr<TextTest> Create(const FilterToken& name, Comparator comparator, const FilterToken& value) {
    if (comparator != Comparator::kEqual && comparator != Comparator::kNotEqual && comparator != Comparator::kHas) {
      return FilterError(value.position, absl::StrCat(name.text, " is text: compare it with =, != or :"));
    }
    TextTest test;
    test.negated = comparator == Comparator::kNotEqual;
    absl::string_view text = value.text;
    if (text == "*") return TextTest{test.negated, true, true, ""};
    test.any_before = absl::ConsumePrefix(&text, "*") || comparator == Comparator::kHas;
    test.any_after = absl::ConsumeSuffix(&text, "*") || comparator == Comparator::kHas;
    test.text = std::string(text);
    return test;
  }

  bool Matches(absl::string_view value) const {
    if (any_before && any_after) return absl::StrContains(value, text);
    if (any_before) return absl::EndsWith(value, text);
    return any_after ? absl::StartsWith(value, text) : value == text;
  }
  bool Holds(absl::string_view value) const { return Matches(value) != negated; }

  bool negated = false;
  bool any_before = false;
  bool any_after = false;
  std::string text;
};

using StringGetter = const std::string& (v1::Source::*)() const;

absl::optional<StringGetter> SourceField(absl::string_view name) {
  if (name == "source.hypervisor") return &v1::Source::hypervisor;
  if (name == "source.hypervisor_version") return &v1::Source::hypervisor_version;
  if (name == "source.host_kernel") return &v1::Source::host_kernel;
  if (name == "source.machine_type") return &v1::Source::machine_type;
  if (name == "source.cpu_model") return &v1::Source::cpu_model;
  if (name == "source.host") return &v1::Source::host;
  if (name == "source.cpu_profile") return &v1::Source::cpu_profile;
  return absl::nullopt;
}

absl::StatusOr<int64_t> ParseCount(const FilterToken& name, const FilterToken& value) {
  int64_t number = 0;
  if (absl::SimpleAtoi(value.text, &number)) return number;
  return FilterError(value.position, absl::StrCat(name.text, " compares with a decimal number"));
}

absl::StatusOr<int64_t> ParseTime(const FilterToken& name, const FilterToken& value) {
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, value.text, &time, &error)) return absl::ToUnixNanos(time);
  return FilterError(value.position,
                     absl::StrCat(name.text, " compares with a time like \"2026-11-22T13:23:07Z\": ", error));
}

absl::StatusOr<v1::Accelerator> ParseAccelerator(const FilterToken& value) {
  if (const auto accelerator = ParseEnumName<v1::Accelerator>(absl::AsciiStrToUpper(value.text))) return *accelerator;
  return FilterError(value.position, absl::StrCat("no accelerator \"", value.text, "\": TCG, KVM, HVF or ENGINE"));
}

}  // namespace

MetadataCondition::MetadataCondition(TraitsTest test)
    : scope_(MetadataScope::kTraits),
      traits_test_(test),
      test_([test](const IndexedMetadata& metadata, int) { return test(*metadata.traits); }) {}

absl::Span<const absl::string_view> MetadataCondition::Names() { return kNames; }

absl::StatusOr<absl::optional<MetadataCondition>> MetadataCondition::Create(const FilterToken& name,
                                                                            Comparator comparator,
                                                                            const FilterToken& value) {
  const std::string& text = name.text;
  if (text == "version" || text == "vcpu" || text == "vcpu_count" || text == "register_count") {
    const absl::StatusOr<int64_t> number = ParseCount(name, value);
    if (!number.ok()) return number.status();
    const auto scope = text == "vcpu" ? MetadataScope::kVcpu : MetadataScope::kCheckpoint;
    return MetadataCondition(scope, [comparator, text, number = *number](const IndexedMetadata& metadata, int vcpu) {
      const int64_t have = text == "vcpu"         ? vcpu
                           : text == "version"    ? metadata.version
                           : text == "vcpu_count" ? metadata.vcpu_count
                                                  : metadata.register_count;
      return Compare(comparator, have, number);
    });
  }
  if (text == "create_time" || text == "capture_time") {
    const absl::StatusOr<int64_t> time = ParseTime(name, value);
    if (!time.ok()) return time.status();
    const bool created = text == "create_time";
    return MetadataCondition(MetadataScope::kCheckpoint, [=, time = *time](const IndexedMetadata& metadata, int) {
      const absl::optional<int64_t> have = created ? metadata.create_time : metadata.capture_time;
      return have && Compare(comparator, *have, time);
    });
  }
  if (text == "source.accelerator") {
    const absl::StatusOr<v1::Accelerator> accelerator = ParseAccelerator(value);
    if (!accelerator.ok()) return accelerator.status();
    if (comparator != Comparator::kEqual && comparator != Comparator::kNotEqual) {
      return FilterError(value.position, "source.accelerator compares with = or !=");
    }
    return MetadataCondition([comparator, wanted = *accelerator](const SharedMetadata& traits) {
      return Compare(comparator, traits.source.accelerator(), wanted);
    });
  }
  const bool is_label = absl::StartsWith(text, "labels.");
  const absl::optional<StringGetter> source_field = SourceField(text);
  if (text != "vm" && text != "labels" && text != "source.vcpu_features" && !is_label && !source_field) {
    return absl::optional<MetadataCondition>();
  }
  absl::StatusOr<TextTest> test = TextTest::Create(name, comparator, value);
  if (!test.ok()) return test.status();
  if (text == "vm") {
    return MetadataCondition(MetadataScope::kCheckpoint,
                             [test = *test](const IndexedMetadata& metadata, int) { return test.Holds(metadata.vm); });
  }
  if (source_field) {
    return MetadataCondition([test = *test, get = *source_field](const SharedMetadata& traits) {
      return test.Holds((traits.source.*get)());
    });
  }
  if (is_label) {
    // As for a register that the vCPU lacks, the comparison is false for a checkpoint without the label.
    return MetadataCondition([test = *test, key = text.substr(7)](const SharedMetadata& traits) {
      const auto label = traits.labels.find(key);
      return label != traits.labels.end() && test.Holds(label->second);
    });
  }
  if (comparator != Comparator::kHas) {
    return FilterError(value.position, absl::StrCat(text, " is a collection: test its content with \":\", e.g. ", text,
                                                    text == "labels" ? ":team" : ":sve"));
  }
  const std::string item = value.text;
  if (text == "labels") {
    return MetadataCondition([item](const SharedMetadata& traits) {
      return item == "*" ? !traits.labels.empty() : traits.labels.count(item) != 0;
    });
  }
  return MetadataCondition([item](const SharedMetadata& traits) {
    const auto& features = traits.source.vcpu_features();
    return item == "*" ? !features.empty() : std::find(features.begin(), features.end(), item) != features.end();
  });
}

}  // namespace armstate
