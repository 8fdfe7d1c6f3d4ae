#include "server/rpc/request_parts.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "server/rpc/invalid_field.h"

namespace armstate {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormat;
using google::protobuf::internal::WireFormatLite;

class PartCounter {
 public:
  explicit PartCounter(google::protobuf::io::ZeroCopyInputStream* stream) : in_(stream) {}

  // Returns false if there is nothing more to count: above the limit, or where the request is malformed. The stream
  // bounds the recursion, as it does for the decoder.
  bool Count(const Descriptor& type) {
    int groups = 0;  // proto3 has none, so all of their content is unknown
    while (const uint32_t tag = in_.ReadTag()) {
      const auto wire_type = WireFormatLite::GetTagWireType(tag);
      const FieldDescriptor* field =
          groups == 0 ? type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag)) : nullptr;
      const bool is_packed = wire_type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED && field && field->is_packable();
      if (field && !is_packed && WireFormat::WireTypeForFieldType(field->type()) != wire_type) field = nullptr;
      const bool is_part = !field || (field->is_repeated() && !field->is_packable());
      if (is_part && ++parts_ > kMaxRequestParts) return false;
      if (field && field->message_type()) {
        if (!CountNested(*field->message_type())) return false;
      } else if (wire_type == WireFormatLite::WIRETYPE_START_GROUP) {
        ++groups;
      } else if (wire_type == WireFormatLite::WIRETYPE_END_GROUP) {
        if (--groups < 0) return false;
      } else if (!WireFormatLite::SkipField(&in_, tag)) {
        return false;
      }
    }
    return in_.ConsumedEntireMessage();
  }

  size_t parts() const { return parts_; }

 private:
  bool CountNested(const Descriptor& type) {
    uint32_t size = 0;
    if (!in_.ReadVarint32(&size)) return false;
    const auto [limit, depth] = in_.IncrementRecursionDepthAndPushLimit(static_cast<int>(size));
    return depth >= 0 && Count(type) && in_.DecrementRecursionDepthAndPopLimit(limit);
  }

  google::protobuf::io::CodedInputStream in_;
  size_t parts_ = 0;
};

}  // namespace

absl::Status CheckParts(const grpc::ByteBuffer& bytes, const Descriptor& type) {
  if (bytes.Length() <= kShortRequest) return absl::OkStatus();
  grpc::ByteBuffer copy(bytes);  // of the references; the reader wants to own them
  grpc::ProtoBufferReader stream(&copy);
  PartCounter counter(&stream);
  counter.Count(type);
  if (counter.parts() <= kMaxRequestParts) return absl::OkStatus();
  return InvalidField("request", absl::StrCat("has more than ", kMaxRequestParts,
                                              " elements in its lists, or fields that are not known"));
}

}  // namespace armstate
