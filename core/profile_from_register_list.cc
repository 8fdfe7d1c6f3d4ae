#include "core/profile_from_register_list.h"

#include <utility>
#include <vector>

#include "core/register_kind.h"

namespace armstate {

std::shared_ptr<const CpuProfile> ProfileFromRegisterList(std::string name, IdScheme scheme, const RegisterList& list) {
  std::vector<RegisterRule> rules;
  for (size_t i = 0; i < list.size(); ++i) {
    RegisterRule rule{list.id(i), std::string(list.value(i)), std::string(list.id(i).width(), '\xff')};
    if (IsIdRegister(rule.id) || IsFirmwareRegister(rule.id) || rule.id == kSveVectorLengths) {
      rule.write.emplace();
      rule.write->undetermined = ~uint64_t{0};
    }
    rules.push_back(std::move(rule));
  }
  // A list is sorted, its values are as wide as they must be, and no rule refers to another register.
  return *CpuProfile::Create(std::move(name), scheme, std::move(rules));
}

std::shared_ptr<const CpuProfile> ProfileFromRegisterList(std::string name, IdScheme scheme, const RegisterList& list,
                                                          absl::string_view writable) {
  std::vector<RegisterRule> rules;
  for (size_t i = 0; i < list.size(); ++i) {
    const size_t width = list.id(i).width();
    RegisterRule rule{list.id(i), std::string(list.value(i)), std::string(width, '\xff')};
    const absl::string_view bits = writable.substr(list.layout().offset(i), width);
    if (width <= sizeof(uint64_t) && bits.find_first_not_of('\xff') != absl::string_view::npos) {
      rule.write.emplace();
      rule.write->refused.push_back({~LowWord(bits), "EPERM"});
    }
    rules.push_back(std::move(rule));
  }
  return *CpuProfile::Create(std::move(name), scheme, std::move(rules));
}

}  // namespace armstate
