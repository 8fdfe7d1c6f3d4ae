#include "server/profiles/built_in_profiles.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "proto/resource_names.h"
#include "server/profiles/stored_profile.h"

namespace armstate {
namespace {

using ::google::protobuf::internal::WireFormatLite;

absl::Status Damaged() {
  return absl::InternalError("the built-in CPU profiles cannot be read: the program file is corrupt");
}

absl::Status Malformed(absl::string_view what) {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kCpuProfileMalformed, what);
}

// Iterates over the fields of a serialized message without parsing their contents. Bytes that are not a message end the
// iteration early; `ok` is then false.
class Fields {
 public:
  explicit Fields(absl::string_view bytes)
      : bytes_(bytes), input_(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size())) {}

  // Advances to the next field; returns false after the last one.
  bool Next() {
    begin_ = static_cast<size_t>(input_.CurrentPosition());
    const uint32_t tag = input_.ReadTag();
    if (tag == 0) {
      ok_ = input_.ConsumedEntireMessage();
      return false;
    }
    number_ = WireFormatLite::GetTagFieldNumber(tag);
    content_ = {};
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      ok_ = WireFormatLite::SkipField(&input_, tag);
      return ok_;
    }
    uint32_t length = 0;
    ok_ = input_.ReadVarint32(&length) && length <= bytes_.size();
    const auto start = static_cast<size_t>(input_.CurrentPosition());
    ok_ = ok_ && length <= bytes_.size() - start && input_.Skip(static_cast<int>(length));
    if (ok_) content_ = bytes_.substr(start, length);
    return ok_;
  }

  bool ok() const { return ok_; }
  int number() const { return number_; }
  // The content of a string, bytes or message field.
  absl::string_view content() const { return content_; }
  // The field including its tag.
  absl::string_view whole() const {
    return bytes_.substr(begin_, static_cast<size_t>(input_.CurrentPosition()) - begin_);
  }

 private:
  absl::string_view bytes_;
  google::protobuf::io::CodedInputStream input_;
  bool ok_ = true;
  size_t begin_ = 0;
  int number_ = 0;
  absl::string_view content_;
};

}  // namespace

absl::StatusOr<BuiltInProfiles::Stored> BuiltInProfiles::ReadIndex(absl::string_view bytes) {
  Stored stored;
  stored.bytes = bytes;
  std::string name;
  Fields fields(bytes);
  while (fields.Next()) {
    if (fields.number() == v1::StoredCpuProfile::kBaseFieldNumber) stored.base = std::string(fields.content());
    if (fields.number() == v1::StoredCpuProfile::kSameFieldNumber) stored.same.emplace_back(fields.content());
    if (fields.number() != v1::StoredCpuProfile::kProfileFieldNumber) continue;
    Fields of_profile(fields.content());
    while (name.empty() && of_profile.Next()) {
      if (of_profile.number() == v1::CpuProfile::kNameFieldNumber) name = std::string(of_profile.content());
    }
    if (!of_profile.ok()) return Damaged();
  }
  if (!fields.ok()) return Damaged();
  absl::StatusOr<std::string> id = ParseCpuProfileName(name);
  if (!id.ok()) return Malformed(id.status().message());
  stored.id = *std::move(id);
  return stored;
}

absl::StatusOr<BuiltInProfiles> BuiltInProfiles::Create(absl::string_view set) {
  BuiltInProfiles profiles;
  Fields fields(set);
  while (fields.Next()) {
    absl::StatusOr<Stored> stored = ReadIndex(fields.content());
    if (!stored.ok()) return stored.status();
    profiles.stored_.push_back(*std::move(stored));
  }
  if (!fields.ok()) return Damaged();
  std::sort(profiles.stored_.begin(), profiles.stored_.end(),
            [](const Stored& a, const Stored& b) { return a.id < b.id; });
  for (size_t i = 0; i < profiles.size(); ++i) {
    std::vector<std::string> names = profiles.stored_[i].same;
    names.push_back(profiles.id(i));
    for (const std::string& name : names) {
      if (!profiles.names_.emplace(name, i).second) {
        return Malformed(absl::StrCat("two CPU profiles have the name ", name));
      }
    }
  }
  for (size_t i = 0; i < profiles.size(); ++i) {
    if (!profiles.stored_[i].base.empty() && !profiles.Find(profiles.stored_[i].base)) {
      return Malformed(absl::StrCat(profiles.id(i), ": its base, ", profiles.stored_[i].base, ", does not exist"));
    }
  }
  for (size_t i = 0; i < profiles.size(); ++i) {
    if (profiles.Chain(i).empty()) return Malformed(absl::StrCat(profiles.id(i), ": its bases form a cycle"));
  }
  return profiles;
}

absl::optional<size_t> BuiltInProfiles::Find(absl::string_view id) const {
  const auto found = names_.find(id);
  return found == names_.end() ? absl::nullopt : absl::optional<size_t>(found->second);
}

std::vector<size_t> BuiltInProfiles::Chain(size_t index) const {
  std::vector<size_t> chain = {index};
  while (!stored_[chain.back()].base.empty()) {
    if (chain.size() == size()) return {};
    chain.push_back(*Find(stored_[chain.back()].base));
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

absl::StatusOr<v1::CpuProfile> BuiltInProfiles::Header(size_t index) const {
  std::string header;
  Fields fields(stored_[index].bytes);
  while (fields.Next()) {
    if (fields.number() != v1::StoredCpuProfile::kProfileFieldNumber) continue;
    Fields of_profile(fields.content());
    while (of_profile.Next()) {
      if (of_profile.number() != v1::CpuProfile::kRegistersFieldNumber) absl::StrAppend(&header, of_profile.whole());
    }
  }
  v1::CpuProfile profile;
  if (!profile.ParseFromString(header)) return Damaged();
  return profile;
}

absl::StatusOr<v1::StoredCpuProfile> BuiltInProfiles::Difference(size_t index) const {
  v1::StoredCpuProfile stored;
  const absl::string_view bytes = stored_[index].bytes;
  if (!stored.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Damaged();
  return stored;
}

absl::StatusOr<v1::CpuProfile> BuiltInProfiles::Message(size_t index) const {
  v1::CpuProfile profile;
  for (const size_t step : Chain(index)) {
    absl::StatusOr<v1::StoredCpuProfile> stored = Difference(step);
    if (!stored.ok()) return stored.status();
    absl::StatusOr<v1::CpuProfile> next = ExpandProfile(*std::move(stored), std::move(profile));
    if (!next.ok()) return Annotate(next.status(), id(step));
    profile = *std::move(next);
  }
  return profile;
}

}  // namespace armstate
