#include "proto/rule_text.h"

#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace armstate {
namespace {

// The messages nest four deep.
constexpr int kMaxNesting = 8;

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber /*column*/, const std::string& message) override {
    if (!error_) error_ = RuleTextError{line, message};
  }
  const absl::optional<RuleTextError>& error() const { return error_; }

 private:
  absl::optional<RuleTextError> error_;
};

}  // namespace

absl::optional<RuleTextError> ParseRuleText(absl::string_view text, google::protobuf::Message& set,
                                            google::protobuf::TextFormat::ParseInfoTree& locations) {
  FirstError first;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&first);
  parser.WriteLocationsTo(&locations);
  parser.SetRecursionLimit(kMaxNesting);
  google::protobuf::io::ArrayInputStream input(text.data(), static_cast<int>(text.size()));
  if (parser.Parse(&input, &set)) return absl::nullopt;
  return first.error() ? first.error() : RuleTextError{0, "no list of rules"};
}

}  // namespace armstate
