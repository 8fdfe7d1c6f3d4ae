#include "server/search/filter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "core/nearest_name.h"

namespace armstate {
namespace {

// The maximum nesting of parentheses and NOTs that the stack can hold.
constexpr int kMaxDepth = 64;

Comparator ComparatorOf(absl::string_view text) {
  if (text == "=") return Comparator::kEqual;
  if (text == "!=") return Comparator::kNotEqual;
  if (text == "<") return Comparator::kLess;
  if (text == "<=") return Comparator::kLessOrEqual;
  if (text == ">") return Comparator::kGreater;
  return text == ">=" ? Comparator::kGreaterOrEqual : Comparator::kHas;
}

FilterNode Joined(FilterNode::Join join, std::vector<FilterNode> children) {
  if (children.size() == 1 && join != FilterNode::Join::kNot) return std::move(children.front());
  return {join, std::move(children), std::monostate()};
}

FilterNode Condition(std::variant<std::monostate, RegisterCondition, MetadataCondition> condition) {
  return {FilterNode::Join::kAnd, {}, std::move(condition)};
}

}  // namespace

// The grammar of aip.dev/160, in which OR binds tighter than AND, and AND may be omitted:
//   expression: sequence {AND sequence}   sequence: factor {factor}   factor: term {OR term}
//   term: [NOT | -] (comparison | "(" expression ")")
class FilterParser {
 public:
  explicit FilterParser(std::vector<FilterToken> tokens) : tokens_(std::move(tokens)) {}

  absl::StatusOr<Filter> Parse() {
    if (Peek().kind == FilterTokenKind::kEnd) return FilterError(0, "it is empty");
    absl::StatusOr<FilterNode> root = ParseExpression(0);
    if (!root.ok()) return root.status();
    if (Peek().kind != FilterTokenKind::kEnd) return Unexpected("AND or OR");
    filter_.root_ = *std::move(root);
    return std::move(filter_);
  }

 private:
  const FilterToken& Peek() const { return tokens_[next_]; }
  bool PeekWord(absl::string_view word) const { return Peek().kind == FilterTokenKind::kText && Peek().text == word; }
  bool TakeWord(absl::string_view word) {
    if (!PeekWord(word)) return false;
    ++next_;
    return true;
  }

  absl::Status Unexpected(absl::string_view expected) const {
    const FilterToken& token = Peek();
    const std::string found = token.kind == FilterTokenKind::kEnd ? "the end" : absl::StrCat("\"", token.text, "\"");
    return FilterError(token.position, absl::StrCat("found ", found, " where ", expected, " is expected"));
  }

  bool AtTerm() const {
    const FilterTokenKind kind = Peek().kind;
    return kind == FilterTokenKind::kOpen || (kind == FilterTokenKind::kText && !PeekWord("AND") && !PeekWord("OR"));
  }

  absl::StatusOr<FilterNode> ParseExpression(int depth) {
    std::vector<FilterNode> parts;
    do {
      absl::StatusOr<FilterNode> part = ParseFactor(depth);
      if (!part.ok()) return part.status();
      parts.push_back(*std::move(part));
    } while (TakeWord("AND") || AtTerm());
    return Joined(FilterNode::Join::kAnd, std::move(parts));
  }

  absl::StatusOr<FilterNode> ParseFactor(int depth) {
    std::vector<FilterNode> parts;
    do {
      absl::StatusOr<FilterNode> part = ParseTerm(depth);
      if (!part.ok()) return part.status();
      parts.push_back(*std::move(part));
    } while (TakeWord("OR"));
    return Joined(FilterNode::Join::kOr, std::move(parts));
  }

  absl::StatusOr<FilterNode> ParseTerm(int depth) {
    if (depth > kMaxDepth) return FilterError(Peek().position, "it is nested too deeply");
    if (TakeWord("NOT")) return ParseNegated(depth);
    if (Peek().kind == FilterTokenKind::kText && Peek().text[0] == '-') {
      FilterToken& token = tokens_[next_];
      token.text.erase(0, 1);
      ++token.position;
      if (token.text.empty()) ++next_;  // the token before a parenthesis
      return ParseNegated(depth);
    }
    if (Peek().kind != FilterTokenKind::kOpen) return ParseComparison();
    const size_t open = Peek().position;
    ++next_;
    absl::StatusOr<FilterNode> inner = ParseExpression(depth + 1);
    if (!inner.ok()) return inner.status();
    if (Peek().kind == FilterTokenKind::kEnd) return FilterError(open, "this parenthesis is not closed");
    if (Peek().kind != FilterTokenKind::kClose) return Unexpected("AND, OR or \")\"");
    ++next_;
    return inner;
  }

  absl::StatusOr<FilterNode> ParseNegated(int depth) {
    absl::StatusOr<FilterNode> inner = ParseTerm(depth + 1);
    if (!inner.ok()) return inner.status();
    std::vector<FilterNode> children;
    children.push_back(*std::move(inner));
    return Joined(FilterNode::Join::kNot, std::move(children));
  }

  absl::StatusOr<FilterNode> ParseComparison() {
    if (!AtTerm()) return Unexpected("a register, a field or metadata");
    const FilterToken name = tokens_[next_++];
    if (Peek().kind != FilterTokenKind::kComparator) return Unexpected("one of = != < <= > >= :");
    const Comparator comparator = ComparatorOf(tokens_[next_++].text);
    if (Peek().kind != FilterTokenKind::kText && Peek().kind != FilterTokenKind::kString) return Unexpected("a value");
    const FilterToken value = tokens_[next_++];
    absl::StatusOr<absl::optional<MetadataCondition>> metadata = MetadataCondition::Create(name, comparator, value);
    if (!metadata.ok()) return metadata.status();
    if (*metadata) return Condition(**std::move(metadata));
    return ParseRegisterComparison(name, comparator, value);
  }

  absl::StatusOr<FilterNode> ParseRegisterComparison(const FilterToken& name, Comparator comparator,
                                                     const FilterToken& value) {
    absl::StatusOr<FilterRegister> parsed = FilterRegister::Parse(name);
    if (!parsed.ok()) return Unknown(name, parsed.status());
    RegisterCondition condition;
    const bool present_only = comparator == Comparator::kHas && value.text == "*";
    if (!present_only) {
      const absl::StatusOr<RegisterNumber> number = RegisterNumber::Parse(value);
      if (!number.ok()) return number.status();
      for (const IdScheme scheme : {IdScheme::kKvm, IdScheme::kTcg}) {
        RegisterCondition::Tests& tests = scheme == IdScheme::kKvm ? condition.kvm : condition.tcg;
        for (const RegisterSelector& selector : parsed->In(scheme)) {
          absl::StatusOr<NumberTest> test = NumberTest::Create(selector, comparator, *number, value.position);
          if (!test.ok() && tests.empty()) return test.status();
          tests.push_back(test.ok() ? absl::make_optional(*std::move(test)) : absl::nullopt);
        }
      }
    }
    condition.register_number = NumberOf(*std::move(parsed));
    return Condition(std::move(condition));
  }

  size_t NumberOf(FilterRegister named) {
    std::vector<FilterRegister>& all = filter_.registers_;
    const auto known =
        std::find_if(all.begin(), all.end(), [&](const FilterRegister& other) { return other.name == named.name; });
    const size_t number = static_cast<size_t>(known - all.begin());
    if (known == all.end()) all.push_back(std::move(named));
    return number;
  }

  // The name is neither metadata nor a register, and may have been meant as either.
  static absl::Status Unknown(const FilterToken& name, const absl::Status& as_register) {
    const absl::string_view first_part = absl::string_view(name.text).substr(0, name.text.find('.'));
    NearestName nearest(name.text);
    for (const absl::string_view metadata : MetadataCondition::Names()) nearest.Consider(metadata);
    const bool is_metadata = first_part == "source" || first_part == "label";
    if (nearest.name().empty() || (!is_metadata && EditDistance(nearest.name(), name.text) > 2)) return as_register;
    return FilterError(name.position, absl::StrCat("there is no \"", name.text, "\"; \"", nearest.name(), "\"?"),
                       {{"nearest", std::string(nearest.name())}});
  }

  std::vector<FilterToken> tokens_;
  size_t next_ = 0;
  Filter filter_;
};

absl::StatusOr<Filter> Filter::Parse(absl::string_view text) {
  absl::StatusOr<std::vector<FilterToken>> tokens = SplitFilter(text);
  if (!tokens.ok()) return tokens.status();
  return FilterParser(*std::move(tokens)).Parse();
}

bool Filter::Matches(const IndexedMetadata& metadata, int vcpu_index, const RegisterList& registers) const {
  return Holds(root_, metadata, vcpu_index, registers);
}

bool Filter::Holds(const FilterNode& node, const IndexedMetadata& metadata, int vcpu_index,
                   const RegisterList& registers) const {
  if (const auto* condition = std::get_if<MetadataCondition>(&node.condition)) {
    return condition->Holds(metadata, vcpu_index);
  }
  if (const auto* condition = std::get_if<RegisterCondition>(&node.condition)) {
    const IdScheme scheme = metadata.traits->scheme;
    const FilterRegister& named = registers_[condition->register_number];
    const absl::optional<size_t> held =
        named.Held(scheme, [&](RegisterId id) { return registers.Find(id).has_value(); });
    if (!held) return false;
    const RegisterCondition::Tests& tests = condition->In(scheme);
    if (tests.empty()) return true;
    return tests[*held] && tests[*held]->Holds(*registers.Find(named.In(scheme)[*held].id));
  }
  const auto holds = [&](const FilterNode& child) { return Holds(child, metadata, vcpu_index, registers); };
  switch (node.join) {
    case FilterNode::Join::kAnd:
      return std::all_of(node.children.begin(), node.children.end(), holds);
    case FilterNode::Join::kOr:
      return std::any_of(node.children.begin(), node.children.end(), holds);
    case FilterNode::Join::kNot:
      return !holds(node.children.front());
  }
  return false;
}

}  // namespace armstate
