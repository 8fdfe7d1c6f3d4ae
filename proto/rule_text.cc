#include "proto/rule_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/stubs/common.h"

namespace armstate {
namespace {

// The messages nest four deep.
constexpr int kMaxNesting = 8;

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (!error_) error_ = RuleTextError{line, message, column};
  }
  const absl::optional<RuleTextError>& error() const { return error_; }

 private:
  absl::optional<RuleTextError> error_;
};

// The number of the first line that is not UTF-8.
int LineOfWrongText(absl::string_view text) {
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!google::protobuf::internal::IsStructurallyValidUTF8(line.data(), static_cast<int>(line.size()))) break;
    ++number;
  }
  return number;
}

}  // namespace

std::string RuleTextError::ToString() const {
  return absl::StrCat("line ", line + 1, ", column ", column + 1, ": ", message);
}

absl::optional<RuleTextError> ParseRuleText(absl::string_view text, google::protobuf::Message& set,
                                            google::protobuf::TextFormat::ParseInfoTree& locations) {
  if (!google::protobuf::internal::IsStructurallyValidUTF8(text.data(), static_cast<int>(text.size()))) {
    return RuleTextError{LineOfWrongText(text), "it has text that is not UTF-8"};
  }
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
