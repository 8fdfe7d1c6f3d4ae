#include "server/search/indexed_metadata.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"

namespace armstate {
namespace {

using google::protobuf::util::TimeUtil;

// The length precedes each text, so that no two traits share a key.
std::string KeyOf(const SharedMetadata& traits) {
  const std::string source = traits.source.SerializeAsString();
  std::string key = absl::StrCat(static_cast<int>(traits.scheme), " ", source.size(), " ", source);
  for (const auto& [name, value] : traits.labels)
    absl::StrAppend(&key, name.size(), " ", name, value.size(), " ", value);
  return key;
}

}  // namespace

IndexedMetadata IndexedMetadataOf(absl::string_view vm, const v1::Checkpoint& basic, IdScheme scheme) {
  auto traits = std::make_shared<SharedMetadata>();
  traits->source = basic.source();
  traits->labels = {basic.labels().begin(), basic.labels().end()};
  traits->scheme = scheme;
  traits->key = KeyOf(*traits);
  IndexedMetadata metadata;
  metadata.vm = std::string(vm);
  metadata.version = basic.version();
  metadata.create_time = TimeUtil::TimestampToNanoseconds(basic.create_time());
  if (basic.has_capture_time()) metadata.capture_time = TimeUtil::TimestampToNanoseconds(basic.capture_time());
  metadata.vcpu_count = basic.vcpu_count();
  metadata.register_count = basic.register_count();
  metadata.traits = std::move(traits);
  return metadata;
}

}  // namespace armstate
